"""Taking back the last change of many records: each gets its value again, or, when one has changed since, none does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import abort, current_app, flash, redirect
from flask_babel import gettext, ngettext
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import NotFound

from app.extensions import db
from app.models import Undo, now
from app.permissions import WRITE
from app.services.refusals import RuleBroken
from app.views.base import saving
from app.views.base.columns import Column, column_of
from app.views.base.guards import SIGNED_IN, HouseView, asks_again, page, signed_in

if TYPE_CHECKING:
    from app.views.base.entity import EntityView

OFFERED_FOR = timedelta(hours=1)


def as_json(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal | date) else value


def from_json(column: Column, kept: Any) -> Any:
    """A value that was kept, in its column's type."""
    if kept is None:
        return None
    if column.kind == "choice":
        return column.choices(kept)
    if column.kind in ("date", "birth_date"):
        return date.fromisoformat(kept)
    return Decimal(kept) if column.kind in ("money", "decimal", "percent") else kept


def remember(view: EntityView, field: str, before: dict[int, Any], records: Sequence[Any]) -> None:
    """Notes what a change of many records did, within its transaction."""
    row = db.session.get(Undo, signed_in().id) or Undo(user_id=signed_in().id)
    row.place, row.field, row.made_at = view.route_base, field, now()
    row.before = [[record.id, as_json(before[record.id]), record.version] for record in records]
    db.session.add(row)


class UndoView(HouseView):
    access, route_base = SIGNED_IN, "/undo"

    @page("/", methods=("POST",))
    def undo(self) -> Any:
        if not signed_in().is_staff:
            abort(404)  # no list of the portal changes many records
        row = db.session.get(Undo, signed_in().id)
        if row is None or row.made_at < now() - OFFERED_FOR:
            flash(gettext("There is nothing to take back any more."), "warn")
            return redirect("/")
        view = next((each for each in current_app.extensions["appbuilder"].baseviews if each.route_base == row.place), None)
        if view is None or not view.may(WRITE) or row.field not in view.bulk_fields:
            abort(404)
        if view.sensitive and (asked := asks_again("staff")) is not None:
            return asked
        return take_back(view, row)


def take_back(view: EntityView, row: Undo) -> Any:
    column, back = column_of(view.model, row.field), f"{row.place}/"
    try:
        records = {record.id: record for record in view.find_all([number for number, _value, _version in row.before])}
        if any(records[number].version != version for number, _value, version in row.before):
            raise StaleDataError
        for number, value, _version in row.before:
            saving.put(view, records[number], {row.field: from_json(column, value)})
        db.session.delete(row)
        db.session.commit()
    except (RuleBroken, IntegrityError, StaleDataError, ValueError, NotFound) as refusal:
        db.session.rollback()
        flash(str(refusal.sentence) if isinstance(refusal, RuleBroken) else gettext("One of these records has changed since: nothing has been taken back."), "bad")
        return redirect(back)
    flash(ngettext("%(num)s record has its value again.", "%(num)s records have their values again.", len(records)), "good")
    return redirect(back)

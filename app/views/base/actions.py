"""What a person can do to the records it ticks, one by one rules of the house: an action is a method marked with act()."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import abort, flash, redirect, render_template, request
from flask_babel import LazyString, gettext
from werkzeug.wrappers import Response

from app.extensions import db
from app.permissions import READ, WRITE, Level
from app.services import once
from app.services.refusals import RuleBroken
from app.views.base.guards import page, signed_in

if TYPE_CHECKING:
    from app.views.base.entity import EntityView

MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Action:
    """Something a person can do to the records it ticks."""

    name: str
    label: LazyString
    confirm: LazyString | None
    needs: Level
    asks_reason: bool
    fits: Callable[[Any], bool]
    run: Callable[[Any, Any, str], None]


def act(
    label: LazyString, confirm: LazyString | None = None, needs: Level = WRITE, asks_reason: bool = False, fits: Callable[[Any], bool] = lambda record: True
) -> Callable:
    """Marks a method of an EntityView, called once per ticked record (and with the reason, where it `asks_reason`), as an action
    in its lists and on the page of the records that it `fits`."""

    def decorate(method: Callable) -> Callable:
        run = method if asks_reason else (lambda view, record, reason: method(view, record))
        method.action = Action(method.__name__, label, confirm, needs, asks_reason, fits, run)  # type: ignore[attr-defined]
        return method

    return decorate


def ticked() -> list[int]:
    """The numbers of the records that were ticked in a list."""
    return list(dict.fromkeys(int(sent) for sent in request.form.getlist("ids") if sent.isdecimal() and len(sent) <= 9))[:MOST_AT_ONCE]


def nothing_ticked(where: str) -> Response:
    flash(gettext("Please tick at least one row first."), "warn")
    return redirect(where)


class ActionPages:
    """The address behind an entity's actions."""

    @page("/action/<name>", needs=READ, methods=("POST",))
    def action(self: EntityView, name: str) -> Any:  # type: ignore[misc]
        """Runs an action on the ticked records: all of them or none, after a confirmation where one is asked for."""
        chosen = self.actions.get(name)
        if chosen is None:
            abort(404)
        if not self.may(chosen.needs):
            abort(403)
        ids = ticked()
        if not ids:
            return nothing_ticked(self.address("list"))
        records = self.find_all(ids)
        reason = request.form.get("reason", "")[:1000]
        from_record = bool(request.form.get("from_record")) and len(records) == 1
        where = self.address("show_record", record_id=ids[0]) if from_record else self.address("list")
        refusal = None
        if not chosen.confirm or request.form.get("confirmed"):
            try:
                once.claim(request.form.get("one_time"), signed_in().id)
                for record in records:
                    chosen.run(self, record, reason)
                db.session.commit()
                flash(gettext("“%(action)s” has been done (%(number)s).", action=chosen.label, number=len(records)), "good")
                return redirect(where)
            except once.AlreadyDone:
                return redirect(where)
            except RuleBroken as broken:
                db.session.rollback()
                records, refusal = self.find_all(ids), broken.sentence
        confirm = render_template(
            "entity/confirm.html", view=self, records=records, action=chosen, reason=reason, refusal=refusal, one_time=once.new_token(), from_record=from_record
        )
        return confirm, 409 if refusal else 200

"""One field set on many records at once: choose it, see what will become of each record, then do it. All of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request
from flask_babel import gettext, ngettext
from sqlalchemy import UniqueConstraint
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from app.extensions import db
from app.models.custom import fields_of
from app.permissions import WRITE
from app.services import once
from app.services.refusals import RuleBroken
from app.views.base import saving, undo
from app.views.base.actions import nothing_ticked, ticked
from app.views.base.columns import Column, column_of, plain_words
from app.views.base.forms import HouseForm, LookUp, LookupField, form_for
from app.views.base.guards import page, signed_in
from app.views.base.showing import value_of

if TYPE_CHECKING:
    from app.views.base.entity import EntityView

# What many records can share. An identifier, a name or a way to reach somebody belongs to one.
SHARED_KINDS = {"choice", "link", "bool", "date", "line", "text", "language", "categories", "percent", "decimal", "number"}


def fields_for_many(view: type[EntityView], form: dict[Any, list[str]] | None = None) -> tuple[str, ...]:
    """The fields of an entity's form that can be set on many records at once."""
    table = view.model.__table__
    unique = {
        column.name for each in table.constraints | table.indexes if isinstance(each, UniqueConstraint) or getattr(each, "unique", False) for column in each.columns
    }
    own = {*view.only_for, *getattr(view.model, "labelled", ()), *(column_of(view.model, name).name for name in view.list_columns[:1])}
    columns = [column_of(view.model, name) for names in (form or view.form).values() for name in names]
    return tuple(
        column.name
        for column in columns
        if (column.kind in SHARED_KINDS or column.name in fields_of(view.model))
        and column.name not in unique | own
        and not (column.name in table.c and table.c[column.name].unique)
    )


@dataclass(frozen=True)
class Change:
    """What becomes of one record."""

    record: Any
    before: str
    after: str
    changes: bool
    refusal: str = ""
    moved: bool = False  # somebody else has saved it since the preview


class BulkPages:
    """The address at which one field of many records is set; what it comes back to stands in its query."""

    @page("/bulk", needs=WRITE, methods=("POST",))
    def bulk(self: EntityView) -> Any:  # type: ignore[misc]
        """The field's choice, its new value, the preview and the deed, by how much has been sent."""
        ids, back = ticked(), self.address("list") + self.asked(request.args).address().rstrip("?")
        if not ids:
            return nothing_ticked(back)
        records = self.find_all(ids)
        name = request.form.get("field", "")
        if name not in self.bulk_fields:
            return screen(self, records, back)
        form = form_for(self.model, [name], self.narrow)()
        if "preview" not in request.form and "confirmed" not in request.form:
            return screen(self, records, back, form_for(self.model, [name], self.narrow)(formdata=None), name)
        if not form.validate():
            return screen(self, records, back, form, name), 422
        if "confirmed" in request.form:
            return carry_out(self, records, back, form, name)
        return screen(self, records, back, form, name, rehearse(self, ids, form, name))


def rehearse(view: EntityView, ids: Sequence[int], form: HouseForm, name: str, seen: dict[int, str] | None = None) -> list[Change]:
    """What would become of each record, by doing it to all of them, looking, and taking it back: a rule may let one record's
    change undo another's."""
    column, before, refusals, moved = column_of(view.model, name), {}, {}, set()
    for record in view.find_all(ids):
        before[record.id] = (getattr(record, name), words_of(record, column))
        if seen is not None and seen.get(record.id) != str(record.version):
            moved.add(record.id)
        try:
            with db.session.begin_nested():
                saving.put(view, record, {name: form[name].data})
        except RuleBroken as broken:
            refusals[record.id] = str(broken.sentence)
        except (IntegrityError, StaleDataError):
            refusals[record.id] = gettext("These values do not go together. Please check them.")
    db.session.expire_all()
    after = {record.id: (getattr(record, name), words_of(record, column)) for record in view.find_all(ids)}
    db.session.rollback()
    return [
        Change(record, before[key][1], after[key][1], after[key][0] != before[key][0], refusals.get(key, ""), key in moved)
        for record in view.find_all(ids)
        if (key := record.id)
    ]


def carry_out(view: EntityView, records: Sequence[Any], back: str, form: HouseForm, name: str) -> Any:
    """Sets the field on all of them, or, when one has changed meanwhile or is refused, on none."""
    ids = [record.id for record in records]
    seen = {number: request.form.get(f"seen_{number}", "") for number in ids}
    try:
        once.claim(request.form.get("one_time"), signed_in().id)
        if any(seen[record.id] != str(record.version) for record in records):
            raise StaleDataError
        before = {record.id: getattr(record, name) for record in records}
        for record in records:
            saving.put(view, record, {name: form[name].data})
        undo.remember(view, name, before, records)
        db.session.commit()
    except once.AlreadyDone:
        return redirect(back)
    except (RuleBroken, IntegrityError, StaleDataError) as refusal:
        db.session.rollback()
        sentence = refusal.sentence if isinstance(refusal, RuleBroken) else ""
        return screen(view, view.find_all(ids), back, form, name, rehearse(view, ids, form, name, seen), sentence), 409
    flash(ngettext("%(num)s record has been changed.", "%(num)s records have been changed.", len(ids)), "undo")
    return redirect(back)


def screen(
    view: EntityView, records: Sequence[Any], back: str, form: HouseForm | None = None, name: str = "", changes: list[Change] | None = None, refusal: Any = ""
) -> str:
    lookups = {name: LookUp(view.address("choices", name=name))} if form is not None and isinstance(form[name], LookupField) else {}
    return render_template(
        "entity/bulk.html",
        view=view,
        records=records,
        back=back,
        query=request.query_string.decode(),
        form=form,
        name=name,
        value=sent_again(form, name) if form is not None and changes is not None else [],
        fields=[column_of(view.model, each) for each in view.bulk_fields],
        lookups=lookups,
        changes=changes,
        refusal=refusal,
        one_time=once.new_token(),
    )


def sent_again(form: HouseForm, name: str) -> list[str]:
    """The value as the confirmation sends it: a record by its number, also where only its name was typed."""
    if isinstance(form[name], LookupField):
        return [] if form[name].data is None else [str(form[name].data)]
    return request.form.getlist(name)


def words_of(record: Any, column: Column) -> str:
    return plain_words(column, value_of(record, column)) or "—"

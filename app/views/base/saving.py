"""How a form becomes a record, and how a refusal by a rule or by the database finds its way back to the field."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask_babel import gettext
from sqlalchemy import UniqueConstraint, func, inspect, select
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.models.scope import scoped_classes
from app.services.refusals import RuleBroken
from app.views.base.forms import HouseForm

if TYPE_CHECKING:
    from app.views.base.entity import EntityView


def fill(view: EntityView, record: Any, form: HouseForm, new: bool) -> None:
    """Puts the form's values on the record, asks the rules, and writes; only the view's own fields are ever set."""
    put(view, record, {name: form[name].data for name in view.fields}, new)


def put(view: EntityView, record: Any, values: dict[str, Any], new: bool = False) -> None:
    """Puts some values on the record, asks the rules, and writes; raises RuleBroken and IntegrityError."""
    with db.session.no_autoflush:
        for name, value in values.items():
            held = inspect(view.model).column_attrs.get(name)  # a field of the house's own is no column
            default = held.columns[0].default if held is not None else None
            if value is None and default is not None:
                if new or not default.is_scalar:
                    continue
                value = default.arg
            if getattr(record, name) != value:
                setattr(record, name, value)
        if view.rules.saving:
            view.rules.saving(record, new)
    if new:
        db.session.add(record)
    db.session.flush()
    if view.rules.saved:
        view.rules.saved(record, new)
        db.session.flush()


def explain(view: EntityView, form: HouseForm, refusal: RuleBroken | IntegrityError) -> None:
    """Rolls back and says what was wrong, beside its field."""
    db.session.rollback()
    if isinstance(refusal, RuleBroken):
        form.refuse(refusal)
        return
    field = field_of_violation(view.model, refusal)
    form.refuse(RuleBroken(gettext("Another record already has this value.") if field else gettext("These values do not go together. Please check them."), field))


def field_of_violation(model: Any, refusal: IntegrityError) -> str | None:
    """The last column of the unique constraint that the database names, on either database."""
    said = str(refusal.orig)
    for constraint in model.__table__.constraints | model.__table__.indexes:
        unique = isinstance(constraint, UniqueConstraint) or getattr(constraint, "unique", False)
        names = [column.name for column in constraint.columns] if unique else []
        if names and (str(constraint.name) in said or ", ".join(f"{model.__tablename__}.{name}" for name in names) in said):
            return names[-1]
    return next(
        (column.name for column in model.__table__.columns if column.unique and (f"{model.__tablename__}.{column.name}" in said or f"_{column.name}" in said)), None
    )


def remove(record: Any, removing: Callable[[Any], None] | None = None) -> None:
    """Deletes a record unless something still refers to it, or the entity's own rule refuses."""
    refusal = still_used(record)
    if refusal:
        raise RuleBroken(refusal)
    if removing:
        removing(record)
    db.session.delete(record)
    db.session.flush()


def still_used(record: Any, with_its_own: bool = False) -> str:
    """Which kinds of record still refer to this one, in words; empty when none does. `with_its_own` counts those, too, that would
    go with it."""
    return said_of(words for words, goes_with_it in referring(record, with_its_own) if with_its_own or not goes_with_it)


def said_of(referring_words: Iterable[str]) -> str:
    used_by = ", ".join(referring_words)
    return gettext("This record is still used: %(where)s.", where=used_by) if used_by else ""


def referring(record: Any, with_its_own: bool = True) -> list[tuple[str, bool]]:
    """The kinds of record that refer to this one, each with how many, and whether they are deleted together with it."""
    found = []
    for entity in scoped_classes():
        for column in entity.__table__.columns:
            ends = {key.ondelete == "CASCADE" for key in column.foreign_keys if key.column.table is record.__table__}
            if not ends or getattr(entity, "forgets", False) or not hasattr(entity, column.key) or (ends == {True} and not with_its_own):
                continue
            number = db.session.scalar(select(func.count()).select_from(entity).where(getattr(entity, column.key) == record.id))
            if number:
                found.append((f"{getattr(entity, 'plural', entity.__name__)} ({number})", ends == {True}))
    return found

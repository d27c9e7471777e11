"""Fields of the house's own in the screens of their entities: form, record page, filters, columns, sorting. A view's declaration
stays as it is; what a request sees of it is worked out once for each state of the fields."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import current_app, has_app_context
from flask_babel import lazy_gettext as _

from app.extensions import kept_fields
from app.models import Customised, FieldPortal
from app.models.custom import Field, fields_of
from app.views.base.bulk import fields_for_many
from app.views.base.showing import choosable_columns

OTHER_FACTS = _("Other facts")


class Shape(NamedTuple):
    """What a view declares, with the fields as they are now."""

    form: dict[Any, list[str]]
    show: dict[Any, list[str]]
    filters: list[str]
    sort: list[str]
    choosable: tuple[str, ...] = ()
    bulk_fields: tuple[str, ...] = ()


class Shaped:
    """A fact of a view's declaration: as declared on the class, and with the fields of the house's own on the view itself."""

    def __init__(self, name: str, declared: Any) -> None:
        self.name, self.declared = name, declared

    def __get__(self, view: Any, owner: type[Any]) -> Any:
        if view is None or not has_app_context() or not fields_of(owner.model):
            return self.declared
        return getattr(shape_of(view), self.name)


def shaped(view: type[Any]) -> None:
    """Puts the facts of a view's declaration behind Shaped, where its entity can have fields of the house's own."""
    if issubclass(view.model, Customised):
        for name in Shape._fields:
            setattr(view, name, Shaped(name, getattr(view, name)))


def shape_of(view: Any) -> Shape:
    """The view with the fields that this request began with."""
    shapes: dict[str, tuple[Any, Shape]] = current_app.extensions.setdefault("cordee_shapes", {})
    state = kept_fields()
    found = shapes.get(view.endpoint)
    if found is None or found[0] is not state:
        found = shapes[view.endpoint] = (state, made(type(view), list(fields_of(view.model).values())))
    return found[1]


def made(declared: Any, fields: list[Field]) -> Shape:
    on_portal = declared.frame == "portal"
    shown = [known for known in fields if not on_portal or known.portal != FieldPortal.HIDDEN]
    written = [known for known in shown if not on_portal or known.portal == FieldPortal.WRITTEN]
    shape = Shape(
        form=declared.form | (sections(written) if declared.form else {}),
        show=(declared.show if declared.show is not None else declared.form) | sections(shown),
        filters=[*(declared.filters or []), *(known.key for known in shown)],
        sort=[*(declared.sort or []), *(known.key for known in shown if known.indexed)],
    )
    many = fields_for_many(declared, shape.form) if declared.bulk_fields else ()
    return shape._replace(choosable=choosable_columns(declared, shape.form, shape.show), bulk_fields=many)


def sections(fields: list[Field]) -> dict[Any, list[str]]:
    """The fields by the section they stand in, in their order."""
    found: dict[Any, list[str]] = {}
    for known in fields:
        found.setdefault(known.section or OTHER_FACTS, []).append(known.key)
    return found


def shown_on_portal(entity: type[Any]) -> dict[Any, list[str]]:
    """The keys that partners see, by their section."""
    return sections([known for known in fields_of(entity).values() if known.portal != FieldPortal.HIDDEN])


def written_on_portal(entity: type[Any]) -> list[str]:
    """The keys that partners fill in themselves."""
    return [known.key for known in fields_of(entity).values() if known.portal == FieldPortal.WRITTEN]

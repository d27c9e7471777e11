"""Fields of the house's own in the screens of their entities: each view of an application gets them into its form, record
page, filters, columns and sorting as they change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _

from app.models import Customised, FieldPortal
from app.models.custom import Field, fields_of
from app.views.base.bulk import fields_for_many
from app.views.base.showing import choosable_columns

OTHER_FACTS = _("Other facts")


def adopt(views: Iterable[Any]) -> None:
    """Puts the fields as they are now into every view of an entity that has some; the declaration itself stays as it is."""
    for view in views:
        if isinstance(getattr(view, "model", None), type) and issubclass(view.model, Customised) and hasattr(view, "list_columns"):
            put_into(view, list(fields_of(view.model).values()))


def put_into(view: Any, fields: list[Field]) -> None:
    declared = type(view)
    on_portal = view.frame == "portal"
    shown = [known for known in fields if not on_portal or known.portal != FieldPortal.HIDDEN]
    written = [known for known in shown if not on_portal or known.portal == FieldPortal.WRITTEN]
    view.form = declared.form | (sections(written) if declared.form else {})
    view.show = (declared.show if declared.show is not None else declared.form) | sections(shown)
    view.filters = [*(declared.filters or []), *(known.key for known in shown)]
    view.sort = [*(declared.sort or []), *(known.key for known in shown if known.indexed)]
    view.choosable = choosable_columns(view)
    view.bulk_fields = fields_for_many(view) if declared.bulk_fields else ()


def sections(fields: list[Field]) -> dict[Any, list[str]]:
    """The fields by the section they stand in, in their order."""
    found: dict[Any, list[str]] = {}
    for known in fields:
        found.setdefault(known.section or OTHER_FACTS, []).append(known.key)
    return found


def shown_on_portal(entity: type[Any]) -> list[str]:
    """The keys that partners see."""
    return [known.key for known in fields_of(entity).values() if known.portal != FieldPortal.HIDDEN]


def written_on_portal(entity: type[Any]) -> list[str]:
    """The keys that partners fill in themselves."""
    return [known.key for known in fields_of(entity).values() if known.portal == FieldPortal.WRITTEN]

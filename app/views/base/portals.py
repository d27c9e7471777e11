"""The separate view that partners get of an entity, made from the staff's declaration."""

from __future__ import annotations

from typing import Any

from app.views.base.entity import EntityView
from app.views.base.guards import signed_in


def portal_view(staff_view: type[EntityView]) -> type[EntityView]:
    """The separate view that partners get of an entity, with its own rights and only the columns it names."""
    portal = staff_view.portal
    assert portal is not None
    facts: dict[str, Any] = {
        "frame": "portal",
        "model": staff_view.model,
        "access": portal.access,
        "slug": portal.slug or staff_view.slug,
        "icon": portal.icon,
        "list_columns": portal.list_columns,
        "under": staff_view.under if portal.under is None else portal.under,
        "form": portal.form,
        "show": portal.show or portal.form,
        "search": portal.search,
        "rules": staff_view.rules,
        "sensitive": staff_view.sensitive,
        "heading": portal.title,
        "show_template": staff_view.portal_show_template,
        "narrow": {},
        "only_for": staff_view.only_for,
        "needed": staff_view.needed,
        "form_template": staff_view.form_template,
        "assist": staff_view.assist,
        "tabs": list(portal.tabs),
        "pages": staff_view.pages,
        "portal": None,
        "adds": portal.adds and bool(portal.form),
        "edits": bool(portal.form),
        "deletes": bool(portal.form) and getattr(staff_view.model.scope, "deletes", False),
        "complete": complete_in_portal,
        **({"where": lambda view: portal.where() if portal.where else []} if portal.where else {}),
        "filters": portal.filters,
        "sort": None,
        "__module__": staff_view.__module__,
        "__doc__": f"{staff_view.__name__} as partners see it.",
    }
    return type(f"Portal{staff_view.__name__}", (EntityView,), facts)


def complete_in_portal(view: EntityView, record: Any) -> None:
    """A record made in the portal belongs to the cabinet it is made in; a client's adviser is who makes it."""
    owner = getattr(record.scope, "owner", None)
    who = signed_in()
    if owner and owner != "id":
        setattr(record, owner, who.partner_id)
    if getattr(record.scope, "adviser", None) == "adviser_id":
        record.adviser_id = who.id

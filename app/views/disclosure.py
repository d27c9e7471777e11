"""What people of a partner see of a client, shown to staff field by field: made of the same declarations as the portal itself, and
counted behind the same walls."""

from __future__ import annotations

from flask import render_template, request
from markupsafe import Markup

from app.models import Client, MemberRole
from app.permissions import CLIENT_FILE, LEVEL_WORDS, MY_CLIENTS, PARTNER_ROLES, WRITE
from app.services import disclosure
from app.views.base import EntityView, HouseView, page, showing
from app.views.base.columns import column_of
from app.views.client_file import found_client


def shown_by(view: EntityView, client: Client) -> dict[str, list[tuple[str, str, Markup]]]:
    """The fields of a record's page under its headings: (column, label, value)."""
    found: dict[str, list[tuple[str, str, Markup]]] = {}
    for title, names in view.sections_of(client).items():
        for name in names:
            column = column_of(view.model, name)
            if client.kind in view.only_for.get(column.name, (client.kind,)):
                found.setdefault(str(title), []).append((column.name, str(column.label), showing.shown(client, column)))
    return found


class DisclosureView(HouseView):
    access, route_base = CLIENT_FILE, "/clients"

    @page("/<id:record_id>/disclosure")
    def disclosure(self, record_id: int) -> str:
        """A role sees the portal's fields and none beside them; what of each it may change, and who of the partner has it."""
        client = found_client(record_id, "/clients")
        role = request.args.get("role", "")
        role = role if role in PARTNER_ROLES else "owner"
        staff, portal = showing.view_of(Client, "staff"), showing.view_of(Client, "portal")
        assert staff is not None and portal is not None
        seen = shown_by(portal, client)
        names = {name for fields in seen.values() for name, _label, _value in fields}
        hidden = [fact for fields in shown_by(staff, client).values() for fact in fields if fact[0] not in names]
        return render_template(
            "clients/disclosure.html",
            client=client,
            role=role,
            roles=PARTNER_ROLES,
            seen=seen,
            number_seen=len(names),
            hidden=hidden,
            changes={column_of(Client, name).name for name in portal.fields} if MY_CLIENTS.level_of(role) >= WRITE else frozenset(),
            parts=[(part, LEVEL_WORDS[part.access.level_of(role)]) for part in disclosure.parts_for(client.id, client.partner_id)],
            people=disclosure.onlookers(client.id, client.partner_id, MemberRole(role)),  # type: ignore[call-arg]
        )

"""What people of a partner see of a client, shown to staff field by field: made of the same declarations as the portal itself."""

from __future__ import annotations

from flask import render_template, request
from flask_babel import lazy_gettext as _
from markupsafe import Markup
from sqlalchemy import select

from app.extensions import db
from app.models import Client, MemberRole, Membership, User
from app.permissions import CLIENT_FILE, LEVEL_WORDS, MY_CLIENTS, MY_COMPLAINTS, MY_CONTRACTS, PARTNER_ROLES, Access
from app.views.base import EntityView, HouseView, page, showing
from app.views.base.columns import column_of

PARTS: tuple[tuple[object, Access], ...] = (
    (_("Client data, signatories and references"), MY_CLIENTS),
    (_("Drive"), MY_CLIENTS),
    (_("Questionnaires and regulatory file"), MY_CLIENTS),
    (_("Contracts"), MY_CONTRACTS),
    (_("Complaints and requests about data"), MY_COMPLAINTS),
)


def shown_by(view: EntityView, client: Client) -> dict[str, tuple[str, str, Markup]]:
    """The fields of a record's page by their column: (section, label, value)."""
    found = {}
    for title, names in view.sections_of(client).items():
        for name in names:
            column = column_of(view.model, name)
            if client.kind in view.only_for.get(column.name, (client.kind,)):
                found[column.name] = (str(title), str(column.label), showing.shown(client, column))
    return found


class DisclosureView(HouseView):
    access, route_base = CLIENT_FILE, "/clients"

    @page("/<id:record_id>/disclosure")
    def disclosure(self, record_id: int) -> str:
        """A role sees the portal's fields and none beside them; who of the partner has it stands below."""
        client = db.first_or_404(select(Client).where(Client.id == record_id))
        role = request.args.get("role", "")
        role = role if role in PARTNER_ROLES else "owner"
        staff, portal = showing.view_of(Client, "staff"), showing.view_of(Client, "portal")
        assert staff is not None and portal is not None
        seen, known = shown_by(portal, client), shown_by(staff, client)
        people = select(Membership, User).join(User, User.id == Membership.user_id).where(Membership.partner_id == client.partner_id)
        having = people.where(Membership.role == MemberRole(role), User.active.is_(True)).order_by(User.last_name)  # type: ignore[call-arg]
        return render_template(
            "clients/disclosure.html",
            client=client,
            role=role,
            roles=PARTNER_ROLES,
            seen=seen,
            hidden={name: fact for name, fact in known.items() if name not in seen},
            parts=[(title, LEVEL_WORDS[access.level_of(role)]) for title, access in PARTS],
            people=[(user, membership.own_clients_only and client.adviser_id != user.id) for membership, user in db.session.execute(having)],
        )

"""Everything about a client, for the client who asks: open to whoever looks after requests about data, compliance too. Those who only
read do not carry files away."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, flash, redirect

from app.extensions import db
from app.models import Client
from app.permissions import CLIENT_FILE, COMPLAINTS, MY_CLIENTS, MY_COMPLAINTS, READ, WRITE, Access
from app.services import dossier
from app.services.refusals import RuleBroken
from app.views.base import HouseView, page, signed_in
from app.views.client_file import found_client


class ExportPages(HouseView):
    abstract = True
    reads: Access

    def client(self, record_id: int) -> Client:
        """One's own: an agent's file is for reading. And only for who may read clients at all."""
        if not signed_in().may(self.reads, READ):
            abort(403)
        return found_client(record_id, self.route_base or "", to_change=True)

    @page("/<id:record_id>/export.json", needs=WRITE)
    def export_json(self, record_id: int) -> Response:
        """What stands in it is read under the session's scope: what another partner did for this client before stays there."""
        content = dossier.written(dossier.gathered(db.session(), self.client(record_id), on_portal=self.frame == "portal"))
        return attached(content.encode(), f"client-{record_id}.json", "application/json")

    @page("/<id:record_id>/export.pdf", needs=WRITE)
    def export_pdf(self, record_id: int) -> Any:
        try:
            content = dossier.pdf(db.session(), self.client(record_id), on_portal=self.frame == "portal")
        except RuleBroken as refusal:
            flash(str(refusal.sentence), "bad")
            return redirect(f"{self.route_base}/{record_id}/admin")
        return attached(content, f"client-{record_id}.pdf", "application/pdf")


def attached(content: bytes, name: str, media_type: str) -> Response:
    response = Response(content, mimetype=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


class ClientExportView(ExportPages):
    access, route_base, reads = COMPLAINTS, "/clients", CLIENT_FILE


class PortalClientExportView(ExportPages):
    access, frame, route_base, reads = MY_COMPLAINTS, "portal", "/portal/clients", MY_CLIENTS

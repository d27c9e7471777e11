"""Everything about a client, for the client who asks: open to whoever looks after requests about data, compliance too. Those who only
read do not carry files away."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect
from sqlalchemy import select

from app.extensions import db
from app.models import Client
from app.permissions import COMPLAINTS, MY_COMPLAINTS, WRITE
from app.services import dossier
from app.services.crossings import crossing
from app.services.refusals import RuleBroken
from app.views.base import HouseView, page


class ExportPages(HouseView):
    abstract = True

    def client(self, record_id: int) -> Client:
        return db.first_or_404(select(Client).where(Client.id == record_id))

    @page("/<id:record_id>/export.json", needs=WRITE)
    def export_json(self, record_id: int) -> Response:
        self.client(record_id)
        with crossing() as session:
            content = dossier.written(dossier.gathered(session, session.get_one(Client, record_id), on_portal=self.frame == "portal"))
        return attached(content.encode(), f"client-{record_id}.json", "application/json")

    @page("/<id:record_id>/export.pdf", needs=WRITE)
    def export_pdf(self, record_id: int) -> Any:
        self.client(record_id)
        try:
            with crossing() as session:
                content = dossier.pdf(session, session.get_one(Client, record_id))
        except RuleBroken as refusal:
            flash(str(refusal.sentence), "bad")
            return redirect(f"{self.route_base}/{record_id}/admin")
        return attached(content, f"client-{record_id}.pdf", "application/pdf")


def attached(content: bytes, name: str, media_type: str) -> Response:
    response = Response(content, mimetype=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


class ClientExportView(ExportPages):
    access, route_base = COMPLAINTS, "/clients"


class PortalClientExportView(ExportPages):
    access, frame, route_base = MY_COMPLAINTS, "portal", "/portal/clients"

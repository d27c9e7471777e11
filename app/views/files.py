"""Downloads: the row is loaded first, under the session's scope, and only then the bytes are sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Response, abort, redirect
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from app.extensions import db
from app.models import Agreement, Document, DocumentKind, Partner
from app.permissions import AGREEMENTS, IDENTITY_PAPERS, MY_BANK, MY_COMPANY, PARTNER_BANK, PARTNER_FILE, READ
from app.services import files, papers
from app.views.base import APPLICANTS, SIGNED_IN, HouseView, page, signed_in

PRIVATE_PAPERS = (DocumentKind.IDENTITY, DocumentKind.BANK)
FOR_FEW = {DocumentKind.IDENTITY: IDENTITY_PAPERS, DocumentKind.BANK: PARTNER_BANK}


def send(key: str, name: str, media_type: str) -> Response:
    """A file as an attachment that no browser takes for a page."""
    try:
        pieces = files.read(key)
    except files.FileMissing:
        abort(404)
    response = Response(pieces, mimetype=media_type)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def document(record_id: int) -> Response:
    """Whoever opens an identity document is named in its history."""
    found: Any = db.session.scalar(select(Document).where(Document.id == record_id)) or abort(404)
    key, name, media_type, is_identity = found.key, found.filename, found.media_type, found.kind == DocumentKind.IDENTITY
    if is_identity:
        db.session.rollback()  # the look is noted on a session of its own
        papers.note_look(record_id, signed_in().name, signed_in().id)
    return send(key, name, media_type)


def agreement(record_id: int) -> Response:
    found: Any = db.session.scalar(select(Agreement).where(Agreement.id == record_id))
    return send(found.newest_key, f"{found.name}.pdf", "application/pdf") if found else abort(404)


class LogoView(HouseView):
    """A company's logo, for whoever may see the company; its address changes with it, so that a browser may keep it."""

    access, route_base = SIGNED_IN, "/logos"

    @page("/<id:record_id>")
    def logo(self, record_id: int) -> AnyResponse:
        who = signed_in()
        if who.is_staff and not who.may(PARTNER_FILE, READ):
            abort(404)
        partner = db.first_or_404(select(Partner).where(Partner.id == record_id))
        try:
            pieces = files.read(partner.logo or "")
        except (files.FileMissing, files.StoreGone):
            return redirect("/static/mark.svg")
        response = Response(pieces, mimetype="image/png")
        response.headers["Cache-Control"] = "private, max-age=86400"
        return response


class StaffFileView(HouseView):
    access, route_base = PARTNER_FILE, "/files"

    @page("/documents/<id:record_id>")
    def document(self, record_id: int) -> Response:
        """Identity papers and bank details are for the few who need them."""
        needed = FOR_FEW.get(db.session.scalar(select(Document.kind).where(Document.id == record_id)), PARTNER_FILE)
        return document(record_id) if signed_in().may(needed, READ) else abort(404)

    @page("/agreements/<id:record_id>", access=AGREEMENTS)
    def agreement(self, record_id: int) -> Response:
        return agreement(record_id)


class PortalFileView(HouseView):
    access, frame, route_base = MY_COMPANY, "portal", "/portal/files"

    @page("/documents/<id:record_id>")
    def document(self, record_id: int) -> Response:
        """Identity papers and bank details are for those who may see the bank accounts, and an agent's for nobody above it."""
        row = db.session.execute(select(Document.kind, Document.partner_id).where(Document.id == record_id)).first()
        if row is not None and row.kind in PRIVATE_PAPERS and not (row.partner_id == signed_in().partner_id and signed_in().may(MY_BANK, READ)):
            abort(404)
        return document(record_id)

    @page("/agreements/<id:record_id>")
    def agreement(self, record_id: int) -> Response:
        return agreement(record_id)


class ApplicantFileView(HouseView):
    access, frame, route_base = APPLICANTS, "portal", "/partner/files"

    @page("/documents/<id:record_id>")
    def document(self, record_id: int) -> Response:
        """Of the file that is being filled in: private papers are for its owners."""
        kind = db.session.scalar(select(Document.kind).where(Document.id == record_id))
        return document(record_id) if kind not in PRIVATE_PAPERS or "owner" in signed_in().role_names else abort(404)

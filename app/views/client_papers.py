"""A client's documents: to fetch, to send, and to sign with the code that the client has received."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, flash, redirect, render_template, request
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import ClientPaper
from app.models.scope import is_ones_own
from app.permissions import CLIENT_FILE, MY_CLIENTS, WRITE
from app.services import client_letters, client_mails, client_papers, client_questionnaires, once
from app.services.refusals import RuleBroken
from app.views.base import HouseView, page, signed_in
from app.views.client_file import held_words
from app.views.files import send
from app.views.signing import checked_form, code_typed


class PaperPages(HouseView):
    """A client's documents: to fetch, and to sign at the adviser's table with the code that the client has received."""

    abstract = True

    def paper(self, record_id: int, to_change: bool = False) -> ClientPaper:
        found: ClientPaper = db.first_or_404(select(ClientPaper).options(joinedload(ClientPaper.client)).where(ClientPaper.id == record_id))
        if to_change and not is_ones_own(db.session(), found.client):
            abort(404)
        return found

    @page("/<id:record_id>")
    def show(self, record_id: int) -> Any:
        return self.screen(record_id)

    def screen(self, record_id: int, refusal: RuleBroken | None = None) -> Any:
        paper = self.paper(record_id)
        client = paper.client
        facts = {
            "recipients": client_mails.recipients(client, client_mails.signatories_of(db.session(), client.id)),
            "may_write": signed_in().may(self.access, WRITE) and is_ones_own(db.session(), client),  # type: ignore[arg-type]
            "base": f"{self.route_base}/{record_id}",
            "clients": "/clients" if self.frame == "staff" else "/portal/clients",
            "consent": client_papers.consent(paper),
            "code_sent": client_papers.code_is_out(record_id),
        }
        shown = render_template(
            "clients/paper.html", frame=self.frame, paper=paper, client=client, refusal=refusal, sent=request.form, one_time=once.new_token(), **facts
        )
        return shown, 422 if refusal else 200

    @page("/<id:record_id>/file")
    def file(self, record_id: int) -> Response:
        paper = self.paper(record_id)
        return send(paper.newest_key, f"{paper.name}.pdf", "application/pdf")

    @page("/<id:record_id>/send", needs=WRITE, methods=("POST",))
    def send(self, record_id: int) -> Any:
        """Mails the client a link to its space, where the document waits."""
        self.paper(record_id, to_change=True)
        db.session.rollback()
        address, who = request.form.get("email", "").replace("\x00", "")[:320], signed_in()
        try:
            leaves = client_letters.send(record_id, address, who.name, who.id, request.form.get("one_time"))
            flash(gettext("The document has been sent to %(email)s.", email=address) if leaves else held_words(), "good")
        except once.AlreadyDone:
            pass
        except RuleBroken as refusal:
            flash(str(refusal.sentence), "bad")
        return redirect(f"{self.route_base}/{record_id}")

    @page("/<id:record_id>/code", needs=WRITE, methods=("POST",))
    def code(self, record_id: int) -> Any:
        paper = self.paper(record_id, to_change=True)
        client_id = paper.client_id
        known = client_mails.recipients(paper.client, client_mails.signatories_of(db.session(), client_id))
        chosen = next((each for each in known if each.email == request.form.get("email")), None)
        db.session.rollback()
        try:
            if chosen is None:
                raise RuleBroken(client_questionnaires.NO_SUCH_ADDRESS)
            client_papers.send_code(record_id, client_id, chosen)
            flash(gettext("A code has been sent to %(email)s.", email=chosen.email), "good")
        except RuleBroken as refusal:
            flash(str(refusal.sentence), "bad")
        return redirect(f"{self.route_base}/{record_id}#sign")

    @page("/<id:record_id>/sign", needs=WRITE, methods=("POST",))
    def sign(self, record_id: int) -> Any:
        client_id = self.paper(record_id, to_change=True).client_id
        db.session.rollback()
        try:
            checked_form()
            client_papers.sign(record_id, client_id, code_typed(), request.remote_addr or "")
        except RuleBroken as refusal:
            return self.screen(record_id, refusal)
        flash(gettext("Signed."), "good")
        return redirect(f"{self.route_base}/{record_id}")


class ClientPaperView(PaperPages):
    access, route_base = CLIENT_FILE, "/client-papers"


class PortalClientPaperView(PaperPages):
    access, frame, route_base = MY_CLIENTS, "portal", "/portal/client-papers"

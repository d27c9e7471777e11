"""A client's own space, behind a mailed link: what waits for an answer or a signature, contracts, documents, the adviser's card."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, session
from flask_babel import gettext
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from app.extensions import db
from app.models import ClientAnswers, ClientFile, ClientPaper, ClientPaperState, Contract, QuestionnaireSent
from app.services import client_links, client_mails, client_papers, client_questionnaires, crossings, files, throttle
from app.services.client_mails import Recipient
from app.services.contracts import is_held
from app.services.crossings import crossing
from app.services.people import digest_of
from app.services.questionnaires.definition import read
from app.services.refusals import RuleBroken
from app.views import answering
from app.views.base import EVERYBODY, GUESTS, HouseView, guest, page
from app.views.files import send
from app.views.signing import checked_form, code_typed

AGAIN_FREE = 3  # fresh links for one link, before each waits longer than the one before


def brakes_of(secret: str, address: str) -> list[throttle.Brake]:
    longest = timedelta(minutes=15)
    return [throttle.Brake(digest_of(f"space\x00{secret}"), AGAIN_FREE, longest), throttle.Brake(digest_of(f"space from\x00{address}"), AGAIN_FREE * 10, longest)]


class SpaceDoorView(HouseView):
    """The way in. Opening the address does nothing yet: programs that look into mails would use the link up."""

    access, frame, route_base = EVERYBODY, "bare", "/space/enter"

    def screen(self, secret: str, good: bool, sentence: Any) -> str:
        return render_template("space/enter.html", secret=secret, good=good, sentence=sentence, partner=client_links.house_of(secret))

    @page("/<secret>", methods=("GET", "POST"))
    def enter(self, secret: str) -> Any:
        if request.method == "GET":
            here = client_links.identify(session.get("guest"))
            if here is not None and client_links.leads_to(secret) == here.client_id:
                return redirect("/space/")
            return self.screen(secret, client_links.is_good(secret), client_links.DEAD)
        try:
            visit = client_links.enter(secret)
        except RuleBroken as refusal:
            return self.screen(secret, False, refusal.sentence), 422
        session.pop("language", None)
        session["guest"] = visit
        return redirect(client_questionnaires.first_page(visit))

    @page("/<secret>/again", methods=("POST",))
    def again(self, secret: str) -> Any:
        """A fresh link to the address that this one was sent to; the page says the same whatever is known of it."""
        try:
            with crossing(reading=False) as house:
                throttle.admit(house, brakes_of(secret, request.remote_addr or ""))
                found = client_links.owner_of(house, secret)
                if found is not None:
                    client, address = found
                    link, row = client_links.new(house, client, address)
                    row.message_id = client_mails.post(house, client, "client_space", address, link=link).message_id
                house.commit()
        except RuleBroken as refusal:
            return self.screen(secret, False, refusal.sentence), 422
        return render_template("space/sent.html")


class SpaceView(HouseView):
    access, frame, route_base = GUESTS, "space", "/space"

    @page("/")
    def home(self) -> str:
        waiting = [row for row in client_questionnaires.of_client(db.session(), guest().client_id) if row.is_open]
        papers = client_papers.shown_to_client(db.session())
        contracts = list(
            db.session.scalars(select(Contract).options(joinedload(Contract.supplier), joinedload(Contract.product)).order_by(Contract.amount.desc()).limit(100))
        )
        held = db.session.execute(select(Contract.currency, func.sum(Contract.amount)).where(is_held()).group_by(Contract.currency).order_by(Contract.currency)).all()
        return render_template(
            "space/home.html",
            waiting=waiting,
            to_sign=client_papers.offered(papers),
            signed=[paper for paper in papers if paper.status is ClientPaperState.SIGNED],
            files=list(db.session.scalars(select(ClientFile).where(ClientFile.deleted_at.is_(None)).order_by(ClientFile.name_key).limit(100))),
            contracts=contracts,
            held=held,
            adviser=crossings.adviser_of(guest().client_id),
        )

    @page("/logo")
    def logo(self) -> AnyResponse:
        try:
            pieces = files.read(guest().partner_logo or "")
        except (files.FileMissing, files.StoreGone):
            return redirect("/static/mark.svg")
        return Response(pieces, mimetype="image/png")

    @page("/leave", methods=("POST",))
    def leave(self) -> AnyResponse:
        client_links.end(session.pop("guest", None))
        return redirect("/space/left")

    # --- questionnaires ---------------------------------------------------------------------------

    def sent(self, record_id: int) -> QuestionnaireSent:
        wanted = select(QuestionnaireSent).options(joinedload(QuestionnaireSent.questionnaire)).where(QuestionnaireSent.id == record_id)
        return db.first_or_404(wanted)

    @page("/questionnaires/<id:record_id>", methods=("GET", "POST"))
    def questionnaire(self, record_id: int) -> Any:
        row = self.sent(record_id)
        if not row.is_open:
            return render_template("space/gone.html", sentence=client_questionnaires.GONE), 410
        begun: MultiDict[str, str] = MultiDict([(name, text) for name, text in (row.begun or {}).get("fields", [])])
        definition, is_new = read(row.questionnaire.content), row.opened_at is None
        typed, wrong, told = (request.form, {}, "") if request.method == "POST" else (begun, {}, "")
        db.session.rollback()  # what follows writes on a session of the house's own
        try:
            if request.method == "GET":
                if is_new:
                    client_questionnaires.note_opened(record_id, guest())
            elif request.form.get("deed") == "later":
                client_questionnaires.keep(record_id, guest(), request.form.items(multi=True))
                flash(gettext("What you have answered so far has been kept. You can go on with the link of a later day too."), "good")
                return redirect("/space/")
            else:
                values, wrong = answering.refusals_of(definition, typed)
                if not wrong:
                    number = client_questionnaires.answer(record_id, guest(), values)
                    flash(gettext("Thank you: your answers have been sent. Please read the result and sign it."), "good")
                    return redirect(f"/space/papers/{number}")
        except RuleBroken as refusal:
            told = str(refusal.sentence)
        row = self.sent(record_id)
        sheet = answering.sheet(row.questionnaire, typed, wrong)
        return render_template("space/questionnaire.html", row=row, sheet=sheet, told=told, has_begun=bool(begun)), 422 if wrong or told else 200

    @page("/questionnaires/<id:record_id>/keep", methods=("POST",))
    def keep(self, record_id: int) -> AnyResponse:
        """What the page sends by itself while somebody answers."""
        self.sent(record_id)
        db.session.rollback()
        try:
            client_questionnaires.keep(record_id, guest(), request.form.items(multi=True))
        except RuleBroken:
            return Response(status=409)
        return Response(status=204)

    @page("/files/<id:record_id>")
    def shared_file(self, record_id: int) -> Response:
        file: ClientFile = db.first_or_404(select(ClientFile).where(ClientFile.id == record_id, ClientFile.deleted_at.is_(None)))
        return send(file.key, file.name, file.media_type)

    # --- documents --------------------------------------------------------------------------------

    def paper(self, record_id: int) -> ClientPaper:
        found: ClientPaper = db.first_or_404(select(ClientPaper).options(joinedload(ClientPaper.answers)).where(ClientPaper.id == record_id))
        return found if client_papers.has_reached(found) else abort(404)

    @page("/papers/<id:record_id>")
    def show_paper(self, record_id: int) -> Any:
        return self.paper_screen(record_id)

    def paper_screen(self, record_id: int, refusal: RuleBroken | None = None) -> Any:
        paper = self.paper(record_id)
        row = db.session.scalar(select(ClientAnswers).options(joinedload(ClientAnswers.questionnaire)).where(ClientAnswers.id == paper.answers_id))
        offered = [other for other in client_papers.offered(client_papers.shown_to_client(db.session())) if other.id != record_id]
        facts = {"email": guest().email, "code_sent": client_papers.code_is_out(record_id, guest().email), "following": offered[0] if offered else None}
        facts |= {"consent": client_papers.consent(paper), "refusal": refusal, "sent": request.form}
        return render_template("space/paper.html", paper=paper, row=row, base=f"/space/papers/{record_id}", **facts), 422 if refusal else 200

    @page("/papers/<id:record_id>/file")
    def file(self, record_id: int) -> Response:
        paper = self.paper(record_id)
        return send(paper.newest_key, f"{paper.name}.pdf", "application/pdf")

    @page("/papers/<id:record_id>/code", methods=("POST",))
    def code(self, record_id: int) -> Any:
        self.paper(record_id)
        db.session.rollback()
        try:
            client_papers.send_code(record_id, guest().client_id, Recipient(guest().name, guest().email))
            flash(gettext("A code has been sent to %(email)s.", email=guest().email), "good")
        except RuleBroken as refusal:
            flash(str(refusal.sentence), "bad")
        return redirect(f"/space/papers/{record_id}#sign")

    @page("/papers/<id:record_id>/sign", methods=("POST",))
    def sign(self, record_id: int) -> Any:
        self.paper(record_id)
        db.session.rollback()
        try:
            checked_form()
            client_papers.sign(record_id, guest().client_id, code_typed(), request.remote_addr or "", guest().email)
        except RuleBroken as refusal:
            return self.paper_screen(record_id, refusal)
        flash(gettext("Signed. Thank you: your adviser sees it too."), "good")
        return redirect(f"/space/papers/{record_id}")


class SpaceLeftView(HouseView):
    access, frame, route_base = EVERYBODY, "bare", "/space/left"

    @page("/")
    def left(self) -> str:
        return render_template("space/left.html")

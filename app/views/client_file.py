"""The tabs of a client's file that are made by hand: questionnaires and notifications, for staff and in the portal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask_babel import format_date, gettext, lazy_gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.extensions import db
from app.models import OF_CLIENTS, Client, ClientAnswers, ClientKind, ClientPaper, Complaint, DataRequest, Questionnaire, QuestionnaireKind
from app.models.scope import is_ones_own
from app.permissions import CLIENT_FILE, COMPLAINTS, FULL, MY_CLIENTS, MY_COMPLAINTS, WRITE
from app.services import client_mails, client_papers, client_questionnaires, contracts, erasure, knowledge, merging, once
from app.services.client_mails import WhatWithHeld
from app.services.questionnaires.definition import read
from app.services.refusals import RuleBroken
from app.views import answering
from app.views.base import EntityView, HouseView, Portal, drafts, page, showing, signed_in


def kind_of(name: str) -> QuestionnaireKind:
    return next((kind for kind in OF_CLIENTS if kind.value == name), None) or abort(404)


def held_words() -> str:
    return gettext("Notifications are off for this client: the e-mail is held back, and leaves when you switch them on.")


def found_client(record_id: int, base: str, to_change: bool = False) -> Client:
    """The client, if whoever asks can see it (and change it); else 404. Whoever follows an old address of a record that was merged comes
    to the file that it is part of now."""
    found = db.session.scalar(select(Client).where(Client.id == record_id))
    if found is None:
        became = merging.became(record_id) if request.method == "GET" else None
        abort(404 if became is None else redirect(f"{base}/{became}"))
    return found if not to_change or is_ones_own(db.session(), found) else abort(404)


class ClientPages(HouseView):
    """What both frames share. Every address finds the client under the session's scope first; what is written for it beyond that
    (links, mails) goes through the services' own sessions."""

    abstract = True

    def client(self, record_id: int, to_change: bool = False) -> Client:
        return found_client(record_id, self.base, to_change)

    @property
    def base(self) -> str:
        return str(self.route_base)

    def facts(self, client: Client, tab: str) -> dict[str, Any]:
        """What every tab's head shows."""
        may_write = signed_in().may(self.access, WRITE) and is_ones_own(db.session(), client)  # type: ignore[arg-type]
        view = showing.view_of(Client, self.frame)
        assert view is not None
        named = {"frame": self.frame, "base": self.base, "client": client, "record": client, "view": view, "here": tab}
        return {**named, "may_write": may_write, "one_time": once.new_token(), **showing.parts_of(view, client)}

    def back(self, record_id: int, tab: str) -> Any:
        return redirect(f"{self.base}/{record_id}/{tab}")

    def deed(self, record_id: int, tab: str, do: Callable[[], str]) -> Any:
        """Does something on a session of the house's own, and says what came of it."""
        self.client(record_id, to_change=True)
        db.session.rollback()
        try:
            flash(do(), "good")
        except once.AlreadyDone:
            pass
        except RuleBroken as refusal:
            flash(str(refusal.sentence), "bad")
        return self.back(record_id, tab)

    @page("/<id:record_id>/aggregation")
    def aggregation(self, record_id: int) -> str:
        """All contracts, a couple's on both of its persons' files too, and what they come to."""
        client = self.client(record_id)
        return render_template("clients/aggregation.html", **contracts.held_by(client), **self.facts(client, "aggregation"))

    # --- questionnaires ---------------------------------------------------------------------------

    @page("/<id:record_id>/<any(qcf, qpr):name>")
    def questionnaire(self, record_id: int, name: str) -> str:
        client, kind = self.client(record_id), kind_of(name)
        rows = knowledge.of_client(record_id, kind)
        papers = {paper.answers_id: paper for paper in db.session.scalars(select(ClientPaper).where(ClientPaper.client_id == record_id))}
        signatories = client_mails.signatories_of(db.session(), record_id)
        return render_template(
            "clients/questionnaire.html",
            kind=kind,
            rows=rows,
            papers=papers,
            sent=client_questionnaires.of_client(db.session(), record_id, kind),
            held=client_mails.held(record_id),
            recipients=client_mails.recipients(client, signatories),
            persons=[person for person in (client.first_person, client.second_person) if person] if client.kind is ClientKind.COUPLE else [],
            **self.facts(client, name),
        )

    @page("/<id:record_id>/<any(qcf, qpr):name>/answer", needs=WRITE, methods=("GET", "POST"))
    def answer(self, record_id: int, name: str) -> Any:
        """The questionnaire, with the client beside."""
        client, kind = self.client(record_id, to_change=True), kind_of(name)
        if client.kind is ClientKind.COUPLE:
            return self.back(record_id, name)
        shown = answering.questionnaire_shown(kind)
        if shown is None:
            flash(gettext("There is no questionnaire at the moment."), "warn")
            return self.back(record_id, name)
        typed, wrong, told = request.form, {}, ""
        if request.method == "POST":
            values, wrong = answering.refusals_of(read(shown.content), typed)
            if not wrong:
                try:
                    self.keep(record_id, shown, values)
                    drafts.done()
                    flash(gettext("The answers have been kept. The result can be signed now."), "good")
                    return self.back(record_id, name)
                except once.AlreadyDone:
                    return self.back(record_id, name)
                except RuleBroken as refusal:
                    db.session.rollback()
                    told = str(refusal.sentence)
            client = self.client(record_id)
        else:
            before = knowledge.latest(db.session(), record_id).get(kind)
            typed = drafts.typed() or (answering.shown_as_typed(read(before.questionnaire.content), before.values) if before else MultiDict())
        sheet = answering.sheet(shown, typed, wrong)
        facts = self.facts(client, name) | {"kind": kind, "sheet": sheet, "told": told, "draft": drafts.begun(), "has_rows": bool(knowledge.of_client(record_id, kind))}
        return render_template("clients/answer.html", **facts), 422 if wrong or told else 200

    def keep(self, record_id: int, shown: Questionnaire, values: Any) -> None:
        """The document is written before the transaction begins: the version that was shown is let go of first, or reading it would begin
        one."""
        db.session.expunge(shown)
        db.session.rollback()
        with client_papers.prepared(record_id, shown, values) as result:
            once.claim(request.form.get("one_time"), signed_in().id)
            client = self.client(record_id, to_change=True)
            client_questionnaires.answer_together(db.session(), client, shown, values, signed_in().name, result)
            db.session.commit()

    @page("/<id:record_id>/<any(qcf, qpr):name>/send", needs=WRITE, methods=("POST",))
    def send(self, record_id: int, name: str) -> Any:
        kind, who, token = kind_of(name), signed_in(), request.form.get("one_time")
        address = request.form.get("email", "").replace("\x00", "")[:320]

        def do() -> str:
            if client_questionnaires.send(record_id, kind, address, who.name, who.id, token):
                return gettext("The questionnaire has been sent to %(email)s.", email=address)
            return held_words()

        return self.deed(record_id, name, do)

    @page("/<id:record_id>/<any(qcf, qpr):name>/sent", needs=WRITE, methods=("POST",))
    def sent(self, record_id: int, name: str) -> Any:
        """Withdraws a questionnaire that was sent, or reminds of it."""
        kind_of(name)
        number = request.form.get("sent", "")
        sent_id = int(number) if number.isdecimal() and len(number) < 10 else 0

        def do() -> str:
            if request.form.get("deed") == "withdraw":
                client_questionnaires.withdraw(sent_id, record_id)
                return gettext("The questionnaire has been withdrawn: its link leads nowhere any more.")
            leaves = client_questionnaires.remind_now(sent_id, record_id)
            return gettext("A reminder has been sent.") if leaves else gettext("The reminder is held back: notifications are off for this client.")

        return self.deed(record_id, name, do)

    # --- notifications ----------------------------------------------------------------------------

    @page("/<id:record_id>/notifications")
    def notifications(self, record_id: int) -> str:
        return self.notifications_screen(record_id)

    def notifications_screen(self, record_id: int, refusal: RuleBroken | None = None) -> str:
        client = self.client(record_id)
        told = client_mails.of_client(record_id)
        held = [mail for mail in told if mail.status.value == "held"]
        signatories = client_mails.signatories_of(db.session(), record_id)
        return render_template(
            "clients/notifications.html",
            told=told,
            held=held,
            titles=client_mails.TITLES,
            recipients=client_mails.recipients(client, signatories),
            choices=WhatWithHeld,
            refusal=refusal,
            **self.facts(client, "notifications"),
        )

    @page("/<id:record_id>/notifications/switch", needs=WRITE, methods=("POST",))
    def switch(self, record_id: int) -> Any:
        self.client(record_id, to_change=True)
        db.session.rollback()
        version = request.form.get("version", "")
        what = next((each for each in WhatWithHeld if each.value == request.form.get("what")), None)
        on = request.form.get("on") == "1"
        try:
            client_mails.switch(record_id, int(version) if version.isdecimal() and len(version) < 10 else 0, on, what, signed_in().name, signed_in().id)
        except RuleBroken as refusal:
            return self.notifications_screen(record_id, refusal), 422
        flash(gettext("Notifications are on.") if on else gettext("Notifications are off: no e-mail leaves for this client any more."), "good")
        return self.back(record_id, "notifications")

    @page("/<id:record_id>/space", needs=WRITE, methods=("POST",))
    def space(self, record_id: int) -> Any:
        """Mails the client a link to its own space."""
        who, token, address = signed_in(), request.form.get("one_time"), request.form.get("email", "").replace("\x00", "")[:320]

        def do() -> str:
            if client_questionnaires.invite(record_id, address, who.name, who.id, token):
                return gettext("The link has been sent to %(email)s.", email=address)
            return held_words()

        return self.deed(record_id, "notifications", do)

    # --- admin ------------------------------------------------------------------------------------

    @page("/<id:record_id>/admin")
    def admin(self, record_id: int) -> Any:
        return self.admin_screen(record_id)

    def admin_screen(self, record_id: int, refusal: RuleBroken | None = None) -> Any:
        client = self.client(record_id)
        requests = db.session.scalars(select(DataRequest).where(DataRequest.client_id == record_id).order_by(DataRequest.id.desc())).all()
        complaints = db.session.scalars(select(Complaint).where(Complaint.client_id == record_id).order_by(Complaint.id.desc())).all()
        prefix = "/portal" if self.frame == "portal" else ""
        facts = {
            "outlook": erasure.outlook(db.session(), client),
            "purpose": erasure.DUE_DILIGENCE,
            "requests": requests,
            "requests_at": f"{prefix}/data-requests",
            "complaints": complaints,
            "merges": merging.of_client(db.session(), record_id),
            "complaints_at": f"{prefix}/complaints",
            "may_export": signed_in().may(self.about_data, WRITE) and is_ones_own(db.session(), client),
            "may_delete": signed_in().may(self.access, FULL) and is_ones_own(db.session(), client),  # type: ignore[arg-type]
            "refusal": refusal,
            "sent": request.form,
        }
        return render_template("clients/admin.html", **facts, **self.facts(client, "admin")), 422 if refusal else 200

    @page("/<id:record_id>/delete", needs=FULL, methods=("POST",))
    def delete(self, record_id: int) -> Any:
        name = str(self.client(record_id, to_change=True))
        db.session.rollback()
        version, typed = request.form.get("version", ""), request.form.get("name_again", "").replace("\x00", "")[:300]
        try:
            until = erasure.remove(record_id, int(version) if version.isdecimal() and len(version) < 10 else 0, typed, signed_in().name, signed_in().id)
        except RuleBroken as refusal:
            return self.admin_screen(record_id, refusal)
        if until is None:
            flash(gettext("“%(name)s” has been deleted; nothing of it is kept.", name=name), "good")
        else:
            flash(gettext("“%(name)s” has been deleted. What the law asks to keep is locked until %(day)s.", name=name, day=format_date(until, "medium")), "good")
        return redirect(f"{self.base}/")


class ClientFileView(ClientPages):
    access, route_base, about_data = CLIENT_FILE, "/clients", COMPLAINTS


class PortalClientFileView(ClientPages):
    access, frame, route_base, about_data = MY_CLIENTS, "portal", "/portal/clients", MY_COMPLAINTS


class ClientAnswersView(EntityView):
    """What clients have answered, one page each; nobody changes it."""

    model, access, slug, icon = ClientAnswers, CLIENT_FILE, "client-answers", "ui-checks"
    list_columns = ["created_at", "client", "kind", "how", "review_on"]
    filters = ["client_id", "kind", "created_at", "review_on"]
    sort = ["created_at", "review_on"]
    form = {}
    show = {_("Answers"): ["client", "kind", "created_at", "how", "by", "review_on"]}
    adds = edits = deletes = False
    show_template = portal_show_template = "clients/answers.html"
    portal = Portal(
        access=MY_CLIENTS,
        list_columns=["created_at", "client", "kind", "how", "review_on"],
        show={_("Answers"): ["client", "kind", "created_at", "how", "by", "review_on"]},
        icon="ui-checks",
        adds=False,
    )

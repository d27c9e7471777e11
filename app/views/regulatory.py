"""The regulatory file of a client: the checklist, letters and the clock of advice; and what is missing or late, by partner."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import gettext, lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import Advice, ClientPaperKind, Contract
from app.permissions import CLIENT_FILE, MY_CLIENTS, WRITE
from app.services import client_letters, contracts, once, regulatory
from app.services.refusals import RuleBroken
from app.views.base import EntityView, HouseView, Portal, Rules, drafts, page, signed_in
from app.views.client_file import ClientPages
from app.views.drive import number_typed


class RegulatoryPages(ClientPages):
    abstract = True

    @page("/<id:record_id>/regulatory")
    def regulatory(self, record_id: int) -> str:
        client = self.client(record_id)
        steps = regulatory.checklist(db.session(), client)
        prefix = "/portal" if self.frame == "portal" else ""
        return render_template(
            "clients/regulatory.html",
            steps=steps,
            following=regulatory.next_step(steps),
            clocks=regulatory.clocks(db.session(), client),
            papers_at=f"{prefix}/client-papers",
            advice_at=f"{prefix}/advice",
            contracts_at=f"{prefix}/contracts",
            **self.facts(client, "regulatory"),
        )

    @page("/<id:record_id>/letters/<any(entry, mission, suitability):name>", needs=WRITE, methods=("GET", "POST"))
    def letter(self, record_id: int, name: str) -> Any:
        client, kind = self.client(record_id, to_change=True), ClientPaperKind(name)  # type: ignore[call-arg]
        refusal = None
        if request.method == "POST":
            typed = {asked.name: request.form.get(asked.name, "").replace("\x00", "") for asked in client_letters.FIELDS[kind]}
            db.session.rollback()
            try:
                with client_letters.prepared(record_id, kind, typed, number_typed("contract_id")) as letter:
                    once.claim(request.form.get("one_time"), signed_in().id)
                    paper = client_letters.offer(db.session(), self.client(record_id, to_change=True), letter)
                    number = paper.id
                    db.session.commit()
                drafts.done()
                flash(gettext("The document “%(name)s” has been drawn up. It can be sent or signed now.", name=letter.title), "good")
                return redirect(f"{'/portal' if self.frame == 'portal' else ''}/client-papers/{number}")
            except once.AlreadyDone:
                return self.back(record_id, "regulatory")
            except RuleBroken as broken:
                db.session.rollback()
                refusal, client = broken, self.client(record_id)
        held = list(db.session.scalars(select(Contract).where(contracts.whose(client)).order_by(Contract.id))) if kind is ClientPaperKind.SUITABILITY else []
        facts = {
            "kind": kind,
            "asked": client_letters.FIELDS[kind],
            "profile": client_letters.profile_lines(db.session(), client) if kind is ClientPaperKind.SUITABILITY else [],
            "held": held,
            "chosen": number_typed("contract_id"),
            "refusal": refusal,
            "draft": drafts.begun(),
            "sent": request.form
            if request.method == "POST"
            else drafts.typed() or client_letters.typed_before(db.session(), record_id, kind, number_typed("contract_id")),
        }
        return render_template("clients/letter.html", **facts, **self.facts(client, "regulatory")), 422 if refusal else 200


class RegulatoryView(RegulatoryPages):
    access, route_base = CLIENT_FILE, "/clients"


class PortalRegulatoryView(RegulatoryPages):
    access, frame, route_base = MY_CLIENTS, "portal", "/portal/clients"


class RegulatoryListView(HouseView):
    """What is missing or late, by partner."""

    access, route_base = CLIENT_FILE, "/regulatory"

    @page("/")
    def overview(self) -> str:
        return render_template("clients/overview.html", rows=regulatory.by_partner(db.session()))


def saving_advice(advice: Advice, new: bool) -> None:
    regulatory.saving_advice(advice)


class AdviceView(EntityView):
    model, access, slug, icon = Advice, CLIENT_FILE, "advice", "chat-square-text"
    rules = Rules(saving=saving_advice)
    list_columns = ["given_on", "client", "contract", "kind"]
    filters = ["client_id", "contract_id", "kind", "given_on"]
    sort = ["given_on"]
    search = False
    form = {_("Advice"): ["client", "contract", "kind", "given_on"]}
    edits = deletes = False
    portal = Portal(
        access=MY_CLIENTS,
        list_columns=["given_on", "client", "contract", "kind"],
        form={_("Advice"): ["client", "contract", "kind", "given_on"]},
        icon="chat-square-text",
    )

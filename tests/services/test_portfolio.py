"""Clients go from one partner or adviser to another at a date, with their contracts and open complaints; nobody is left to nobody."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app import models as m
from app.services import portfolio
from tests.clients import EN, a_client, run_job


def sent(here, there, **changes):
    return {"from_partner_id": here.id, "to_partner_id": there.id, "moves_on": f"{m.today():%d/%m/%Y}"} | changes


def day(ahead):
    return f"{m.today() + timedelta(days=ahead):%d/%m/%Y}"


def moved_by(visitor, form):
    """The form, and the same once more: how many clients go is confirmed."""
    asked = re.search(r'name="confirmed" value="([^"]+)"', visitor.post("/portfolio-moves/new", form).text)[1]
    return visitor.post("/portfolio-moves/new", form | {"confirmed": asked})


def test_all_clients_go_with_their_contracts_and_open_complaints(house, cast):
    here, there = cast.partner(), cast.partner(name="Cabinet Neuf")
    adviser = cast.member(here)
    _here, loud = a_client(cast, partner=here, adviser_id=adviser.id)
    _here, silent = a_client(cast, partner=here, notifications=False, email="silent@example.org")
    contract = cast.contract(here, loud)
    unanswered = cast.add(m.Complaint(partner_id=here.id, client_id=loud.id, subject="x", text="x"))
    answered = cast.add(m.Complaint(partner_id=here.id, client_id=loud.id, subject="y", text="y", answered_on=m.today(), outcome=m.ComplaintOutcome.REJECTED, answer="z"))
    manager = cast.client_for("manager")
    assert "2 clients would move" in manager.post("/portfolio-moves/new", sent(here, there, letter="y"), **EN).text
    assert cast.count(m.PortfolioMove) == 0, "how many go is said before anything is saved"
    assert moved_by(manager, sent(here, there, letter="y")).status_code == 302
    for _twice in range(2):
        run_job(house, portfolio.move_portfolios)
    assert {cast.get(m.Client, client.id).partner_id for client in (loud, silent)} == {there.id}
    assert cast.get(m.Client, loud.id).adviser_id is None
    assert cast.get(m.Contract, contract.id).partner_id == there.id
    assert (cast.get(m.Complaint, unanswered.id).partner_id, cast.get(m.Complaint, answered.id).partner_id) == (there.id, here.id)
    move = cast.read(lambda session: session.query(m.PortfolioMove).one())
    assert (move.state, move.moved) == (m.MoveState.DONE, 2)
    assert {(mail.recipient, mail.status.value, mail.notice) for mail in cast.mails()} == {
        ("alice@example.org", "queued", "client_moved"),
        ("silent@example.org", "held", "client_moved"),
    }
    assert "Cabinet Neuf" in cast.mails()[0].subject
    assert cast.client_for("owner", here).get(f"/portal/clients/{loud.id}").status_code == 404
    assert cast.client_for("owner", there).get(f"/portal/clients/{loud.id}").status_code == 200
    assert cast.count(m.History, m.History.entity == "Client", m.History.deed == m.Deed.BULK) == 1


def test_one_advisers_clients_go_to_a_colleague(house, cast):
    partner = cast.partner()
    leaving, staying = cast.member(partner), cast.member(partner)
    _partner, theirs = a_client(cast, partner=partner, adviser_id=leaving.id)
    _partner, other = a_client(cast, partner=partner)
    form = sent(partner, partner, from_adviser_id=leaving.id, to_adviser_id=staying.id)
    assert moved_by(cast.client_for("manager"), form).status_code == 302
    run_job(house, portfolio.move_portfolios)
    assert cast.get(m.Client, theirs.id).adviser_id == staying.id
    assert cast.get(m.Client, other.id).adviser_id is None
    assert cast.mails() == []


def test_a_move_waits_for_its_day_and_can_be_cancelled(house, cast):
    here, there = cast.partner(), cast.partner()
    _here, client = a_client(cast, partner=here)
    manager = cast.client_for("manager")
    moved_by(manager, sent(here, there, moves_on=day(3)))
    run_job(house, portfolio.move_portfolios)
    assert cast.get(m.Client, client.id).partner_id == here.id
    move = cast.read(lambda session: session.query(m.PortfolioMove).one())
    assert manager.post("/portfolio-moves/action/cancel", {"ids": move.id, "confirmed": "1"}).status_code == 302
    with cast.writing() as session:
        session.query(m.PortfolioMove).one().moves_on = m.today()
    run_job(house, portfolio.move_portfolios)
    assert cast.get(m.Client, client.id).partner_id == here.id


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"moves_on": "01/01/2020"}, "moves_on", "today or a day to come"),
        ({"to": "here"}, "to_partner_id", "another partner"),
        ({"to": "closed"}, "to_partner_id", "choose from the list"),
        ({"to_adviser": "stranger"}, "to_adviser_id", "does not work for that partner"),
    ],
)
def test_what_leads_nowhere_is_refused_beside_its_field(house, cast, changes, field, sentence):
    changes = dict(changes)
    here, there, closed = cast.partner(), cast.partner(), cast.partner(status=m.PartnerStatus.CLOSED)
    form = sent(here, {"here": here, "closed": closed}.get(changes.pop("to", ""), there))
    if changes.pop("to_adviser", None):
        form["to_adviser_id"] = cast.member(here).id
    page = cast.client_for("manager").post("/portfolio-moves/new", form | changes, **EN)
    assert page.status_code == 422
    assert sentence in page.text.split(f'id="{field}_help"')[1][:400]
    assert cast.count(m.PortfolioMove) == 0


def test_closing_a_partner_asks_where_its_clients_go(house, cast):
    here, there = cast.partner(), cast.partner()
    a_client(cast, partner=here)
    admin = cast.client_for("administrator")
    closing = {"ids": here.id, "confirmed": "1", "reason": "Retraite"}
    refused = admin.post("/partners/action/close", closing, **EN)
    assert refused.status_code == 409
    assert "still has 1 client." in refused.text
    moved_by(admin, sent(here, there, moves_on=day(2)))
    assert admin.post("/partners/action/close", closing).status_code == 302
    assert cast.get(m.Partner, here.id).status is m.PartnerStatus.CLOSED


def test_open_tasks_about_clients_go_along_and_what_is_done_stays(house, cast):
    old, new = cast.staff("manager"), cast.staff("manager")
    here, there = cast.partner(account_manager_id=old.id), cast.partner(account_manager_id=new.id)
    client = cast.client(here)
    about = {"partner_id": here.id, "client_id": client.id}
    tasks = {
        "open": cast.add(m.Task(**about, name="open", assignee_id=old.id)),
        "done": cast.add(m.Task(**about, name="done", done_on=m.today(), assignee_id=old.id)),
        "other": cast.add(m.Task(partner_id=here.id, name="other")),
        "mine": cast.add(m.Task(**about, name="mine", assignee_id=cast.staff("manager").id)),
    }
    moved_by(cast.client_for("manager"), sent(here, there))
    run_job(house, portfolio.move_portfolios)
    found = {name: cast.get(m.Task, task.id) for name, task in tasks.items()}
    assert {name: task.partner_id for name, task in found.items()} == {"open": there.id, "done": here.id, "other": here.id, "mine": there.id}
    assert (found["open"].assignee_id, found["done"].assignee_id) == (new.id, old.id)
    assert found["mine"].assignee_id == tasks["mine"].assignee_id


def test_a_client_that_is_moved_by_hand_takes_open_tasks_and_complaints_along(house, cast):
    here, there = cast.partner(), cast.partner()
    client = cast.client(here)
    task = cast.add(m.Task(partner_id=here.id, client_id=client.id, name="x"))
    complaint = cast.add(m.Complaint(partner_id=here.id, client_id=client.id, subject="x", text="x"))
    form = {"kind": "person", "last_name": client.last_name, "country": "FR", "tax_country": "FR", "language": "fr", "version": client.version}
    assert cast.client_for("manager").post(f"/clients/{client.id}/edit", form | {"partner_id": there.id}).status_code == 302
    assert (cast.get(m.Task, task.id).partner_id, cast.get(m.Complaint, complaint.id).partner_id) == (there.id, there.id)

"""What the house makes of the registers' answers: checks, silences asked about again, the weekly look at ORIAS."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import time_machine

from app import models as m
from app.connectors import registers
from app.connectors.registers.kept import Kept
from app.services import companies, jobs
from tests.registers import public_registers, register_server  # noqa: F401 - fixtures


@pytest.fixture
def asking_public(house, public, monkeypatch):
    """The house asks the public registers."""
    kept = Kept(public)
    monkeypatch.setattr(registers, "chosen", kept)
    return kept


def results(cast, partner):
    with cast.app.app_context():
        rows = cast.read(lambda session: session.query(m.Check).filter_by(partner_id=partner.id).order_by(m.Check.id).all())
    return {check.kind.value: check.result.value for check in rows}


@pytest.mark.shared
def test_a_file_is_checked_and_what_went_unanswered_is_asked_again_by_a_job(house, cast, asking_public, server):
    partner = cast.partner(siren="999000011", orias_number="12068209", status=m.PartnerStatus.PENDING_VALIDATION, kind=m.PartnerKind.INSURANCE_BROKER)
    admin = cast.client_for("administrator")
    server.post("/_fault/garbage")
    assert admin.post(f"/partners/{partner.id}/checks").status_code == 302
    silent = results(cast, partner)
    assert (silent["siren"], silent["rcs"], silent["orias"]) == ("unavailable",) * 3
    assert admin.post(f"/partners/{partner.id}/validate", {"none_yet": "1"}).status_code == 409, "silence is no pass"
    job = cast.read(lambda session: session.query(m.Job).filter_by(kind="ask_registers").one())
    assert job.run_at > m.now()
    server.post("/_fault/none")
    with cast.writing() as session:
        session.get_one(m.Job, job.id).run_at = m.now()
    with house.app_context():
        jobs.work_off()
    answered = results(cast, partner)
    assert (answered["siren"], answered["rcs"], answered["orias"]) == ("passed",) * 3
    proof = cast.read(lambda session: session.query(m.Check).filter_by(partner_id=partner.id, kind=m.CheckKind.ORIAS, result=m.CheckResult.PASSED).one())
    assert proof.answered["statuses"]["COA"] == "INSCRIT"
    assert proof.answered["register"] == "ORIAS"
    assert cast.get(m.Job, job.id).state is m.JobState.DONE


@pytest.mark.shared
def test_no_register_is_waited_for_while_the_database_is_held(house, cast, asking_public, monkeypatch):
    from app.extensions import db

    held = []
    asks = asking_public.register.company

    def company(siren):
        with house.app_context():
            held.append(db.engine.pool.checkedout())
        return asks(siren)

    monkeypatch.setattr(asking_public.register, "company", company)
    partner = cast.partner(siren="999000011", status=m.PartnerStatus.PENDING_VALIDATION)
    admin = cast.client_for("administrator")
    assert admin.post(f"/partners/{partner.id}/checks").status_code == 302
    assert results(cast, partner)["siren"] == "passed"
    assert held == [0]


@pytest.mark.shared
def test_a_company_file_is_filled_from_the_registers_the_unpublished_by_hand(house, asking_public):
    with house.app_context():
        facts = companies.find("999 000 011", 1).facts
        assert (facts["name"], facts["exercise"], facts["orias_number"]) == ("PATRIMOINE DES ALPES", "commercial", "12068209")
        discreet = companies.find("999000060", 1).facts
        assert "name" not in discreet
        assert discreet["exercise"] == "liberal"


@pytest.mark.shared
def test_a_thousand_partners_are_looked_at_in_a_few_questions_and_a_lapsed_category_calls_staff(house, cast, asking_public, server):
    server.post("/_companies/1000")
    found = [f"{99910000 + number:08d}" for number in range(1000)]
    from stdnum import luhn

    sirens = [stem + luhn.calc_check_digit(stem) for stem in found]
    with cast.writing() as session:
        for number, siren in enumerate(sirens):
            facts = {"name": f"Courtier {number}", "siren": siren, "orias_number": f"{10000000 + number:08d}", "email": f"c{number}@example.org"}
            session.add(m.Partner(**facts, kind=m.PartnerKind.INSURANCE_BROKER, status=m.PartnerStatus.ACTIVE))

    def watch():
        before = server.asked().get("orias", 0)
        with cast.writing() as session:
            jobs.enqueue("watch_orias", {}, session=session)
        began = time.monotonic()
        with house.app_context():
            jobs.work_off()
        return server.asked()["orias"] - before, time.monotonic() - began

    asked, took = watch()
    passed = cast.count(m.Check, m.Check.kind == m.CheckKind.ORIAS, m.Check.result == m.CheckResult.PASSED)
    print(f"\npartners looked at: {passed}, questions to ORIAS: {asked}, {took:.1f} s")
    assert passed == 1000
    assert asked == 2
    assert cast.count(m.Alert, m.Alert.kind == "category_lapsed") == 0
    assert watch()[0] == 0, "looked at within the week"
    lapsed = sirens[417]
    server.post("/_company", {"siren": lapsed, "categories": {"COA": "RADIE"}})
    with time_machine.travel(m.now() + timedelta(days=9)):
        watch()
    (alert,) = cast.read(lambda session: session.query(m.Alert).filter_by(kind="category_lapsed").all())
    partner = cast.get(m.Partner, alert.partner_id)
    assert partner.siren == lapsed
    page = cast.client_for("administrator").get("/alerts/", headers={"Accept-Language": "en"}).text
    assert f"/partners/{partner.id}" in page
    assert "has lost a category at ORIAS." in page
    (check,) = cast.read(lambda session: session.query(m.Check).filter_by(partner_id=partner.id).order_by(m.Check.id.desc()).limit(1).all())
    assert check.result is m.CheckResult.FAILED
    offering = cast.offering(required_categories=["COA"])
    refused = cast.client_for("manager").post("/assignments/new", {"partner_id": partner.id, "offering_id": offering.id, "assigned_on": "01/11/2026"})
    assert refused.status_code == 422, "a lapsed partner gets no new assignment"


@pytest.fixture
def looked_at(house, cast):
    """Lets the watch run once, after so many days."""

    def watch(after=0):
        with time_machine.travel(m.now() + timedelta(days=after)):
            with cast.writing() as session:
                jobs.enqueue("watch_orias", {}, session=session)
            with house.app_context():
                jobs.work_off()

    return watch


def test_a_category_lost_while_the_register_was_silent_still_calls_staff(house, cast, looked_at):
    partner = cast.partner(siren="999000052", orias_number="15002345", status=m.PartnerStatus.ACTIVE, kind=m.PartnerKind.INSURANCE_BROKER)
    facts = {"partner_id": partner.id, "kind": m.CheckKind.ORIAS, "register": "local"}
    cast.add(m.Check(**facts, result=m.CheckResult.PASSED, answered={"statuses": {"COA": "INSCRIT", "CIF": "INSCRIT"}}))
    cast.add(m.Check(**facts, result=m.CheckResult.UNAVAILABLE, answered={"register": "ORIAS"}))
    looked_at(after=9)
    assert cast.count(m.Alert, m.Alert.kind == "category_lapsed", m.Alert.partner_id == partner.id) == 1


def test_a_partner_without_an_answer_holds_up_nobody_and_an_override_holds(house, cast, looked_at):
    silent = cast.partner(siren="999000078", status=m.PartnerStatus.ACTIVE, kind=m.PartnerKind.INSURANCE_BROKER)
    waiting = cast.partner(siren="999000045", status=m.PartnerStatus.PENDING_VALIDATION, kind=m.PartnerKind.INSURANCE_BROKER)
    looked_at()
    assert cast.count(m.Check, m.Check.partner_id == silent.id) == 0
    (check,) = cast.read(lambda session: session.query(m.Check).filter_by(partner_id=waiting.id).all())
    assert check.result is m.CheckResult.FAILED
    with cast.writing() as session:
        session.get_one(m.Check, check.id).override_reason = "Seen on paper."
    looked_at(after=9)
    reasons = cast.read(lambda session: [each.override_reason for each in session.query(m.Check).filter_by(partner_id=waiting.id).order_by(m.Check.id)])
    assert reasons == ["Seen on paper.", "Seen on paper."]
    assert cast.count(m.Job, m.Job.kind == "watch_orias", m.Job.state == m.JobState.DONE) == 2

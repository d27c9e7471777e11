"""A partner's life: what each state allows, what stops a submission, who may validate."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app import models as m
from app.extensions import db
from app.models.scope import SYSTEM, acting
from app.services import agreements, checks, partners, settings
from app.services.refusals import RuleBroken
from tests import signing


@pytest.fixture
def inside(house):
    """The application's session, acting as the system."""
    with house.app_context(), acting(db.session(), SYSTEM, "tests"):
        yield db.session


def a_file(cast, **facts):
    """A draft that lacks nothing."""
    partner = cast.partner(**{"status": m.PartnerStatus.DRAFT, "siren": "732829320"} | facts)
    cast.document(partner)
    cast.add(m.BankAccount(partner_id=partner.id, holder="X", iban="FR7630006000011234567890189"))
    cast.knowledge(partner)
    return partner


def loaded(partner):
    return db.session.get_one(m.Partner, partner.id)


@pytest.mark.parametrize(("before", "after"), [(before, after) for before in m.PartnerStatus for after in m.PartnerStatus if after not in partners.MOVES[before]])
def test_a_partner_makes_no_other_move_than_those_of_the_table(inside, cast, before, after):
    partner = loaded(cast.partner(status=before, contested=True))
    with pytest.raises(RuleBroken):
        partners.move(partner, after, "tests")
    assert partner.status is before


def test_every_move_is_recorded_with_who_when_and_why(inside, cast):
    partner = loaded(cast.partner())
    partners.suspend(partner, "Claire", "no certificate")
    db.session.commit()
    move = partners.moves_of(partner.id)[0]
    assert (move.before, move.after, move.by, move.reason) == (m.PartnerStatus.ACTIVE, m.PartnerStatus.SUSPENDED, "Claire", "no certificate")
    assert move.created_at is not None


@pytest.mark.parametrize(("siren", "field"), [("732829321", "siren"), ("999000029", "siren"), ("12", "siren")])
def test_a_malformed_or_closed_siren_stops_the_submission_beside_the_field(inside, cast, siren, field):
    partner = loaded(a_file(cast, siren=siren))
    with pytest.raises(RuleBroken) as refusal:
        partners.submit(partner, "tests", "fr")
    assert refusal.value.field == field
    db.session.rollback()
    assert loaded(partner).status is m.PartnerStatus.DRAFT
    assert cast.count(m.Check) == 0


@pytest.mark.parametrize(
    ("siren", "kind", "exercise", "expected"),
    [
        ("732829320", "insurance_broker", "commercial", {"siren": "passed", "rcs": "passed", "orias": "passed", "identity": "passed"}),
        ("999000037", "agent", "liberal", {"siren": "passed", "rcs": "not_required", "orias": "passed", "identity": "passed"}),
        ("999000045", "introducer", "commercial", {"siren": "passed", "rcs": "passed", "orias": "not_required", "identity": "passed"}),
        ("999000045", "insurance_broker", "commercial", {"siren": "passed", "rcs": "passed", "orias": "failed", "identity": "passed"}),
        ("999000052", "insurance_broker", "commercial", {"siren": "passed", "rcs": "passed", "orias": "failed", "identity": "passed"}),
        ("999000052", "wealth_adviser", "commercial", {"siren": "passed", "rcs": "passed", "orias": "passed", "identity": "passed"}),
        ("999000060", "wealth_adviser", "liberal", {"siren": "failed", "rcs": "not_required", "orias": "passed", "identity": "passed"}),
        ("999000078", "insurance_broker", "commercial", {"siren": "unavailable", "rcs": "unavailable", "orias": "unavailable", "identity": "passed"}),
        ("999000094", "insurance_broker", "commercial", {"siren": "passed", "rcs": "passed", "orias": "unavailable", "identity": "passed"}),
    ],
)
def test_the_checks_answer_by_the_legend_and_go_to_staff(inside, cast, siren, kind, exercise, expected):
    partner = loaded(a_file(cast, siren=siren, kind=m.PartnerKind(kind), exercise=m.Exercise(exercise)))
    partners.submit(partner, "tests", "fr")
    db.session.commit()
    assert {check.kind.value: check.result.value for check in checks.latest(partner.id)} == expected
    assert partner.status is m.PartnerStatus.TO_SIGN
    assert agreements.to_sign(partner.id) is not None


def test_a_check_that_is_switched_off_is_not_required(inside, cast):
    settings.switch_check(m.CheckKind.ORIAS, False)
    db.session.commit()
    partner = loaded(a_file(cast, siren="999000045"))
    partners.submit(partner, "tests", "fr")
    db.session.commit()
    assert {check.kind: check.result for check in checks.latest(partner.id)}[m.CheckKind.ORIAS] is m.CheckResult.NOT_REQUIRED


def waiting(cast, siren="732829320", **facts):
    partner = cast.partner(status=m.PartnerStatus.TO_SIGN, siren=siren, **facts)
    cast.agreement(partner)
    return partner


def test_validation_waits_for_a_written_override_of_each_failed_or_silent_check(inside, cast):
    partner = loaded(waiting(cast, "999000094"))
    partners.signed(partner, "applicant")
    asked = checks.run_all(partner)
    cast_identity = next(check for check in asked if check.kind is m.CheckKind.IDENTITY)
    with pytest.raises(RuleBroken):
        partners.validate(partner, "Claire", [], none_yet=True)
    with pytest.raises(RuleBroken):
        checks.override(cast_identity, "  ", "Claire")
    for check in asked:
        if check.stands_in_the_way:
            checks.override(check, "seen on paper", "Claire")
    partners.validate(partner, "Claire", [], none_yet=True)
    db.session.commit()
    assert partner.status is m.PartnerStatus.ACTIVE


def test_a_siren_that_is_held_leads_to_the_same_page_and_an_alert(inside, cast):
    cast.partner(siren="732829320")
    second = loaded(waiting(cast))
    partners.signed(second, "applicant")
    db.session.commit()
    assert second.status is m.PartnerStatus.PENDING_VALIDATION
    assert second.contested
    assert db.session.scalars(select(m.Alert.kind)).all() == ["contested"]
    with pytest.raises(RuleBroken):
        partners.validate(second, "Claire", [], none_yet=True)


def test_many_drafts_of_a_siren_do_not_block_a_broker(inside, cast):
    for _number in range(3):
        cast.partner(siren="732829320", status=m.PartnerStatus.DRAFT)
    broker = loaded(waiting(cast))
    partners.signed(broker, "applicant")
    db.session.commit()
    assert not broker.contested


def test_a_refused_file_can_be_corrected_and_submitted_again(inside, cast):
    partner = loaded(a_file(cast))
    partners.submit(partner, "tests", "fr")
    agreement = signing.sign(partner)
    partners.signed(partner, "tests")
    with pytest.raises(RuleBroken):
        partners.refuse(partner, "Claire", " ")
    partners.refuse(partner, "Claire", "The certificate is out of date.")
    db.session.commit()
    assert agreement.status is m.AgreementStatus.CANCELLED
    partners.submit(partner, "tests", "fr")
    db.session.commit()
    assert partner.status is m.PartnerStatus.TO_SIGN


def test_the_proof_of_a_signature_shows_when_it_was_changed(inside, cast):
    partner = loaded(a_file(cast))
    partners.submit(partner, "tests", "fr")
    agreement = signing.sign(partner)
    db.session.commit()
    assert agreements.proof_is_whole(agreement)
    agreement.proof = agreement.proof | {"at": "2020-01-01"}
    assert not agreements.proof_is_whole(agreement)


def test_an_offering_that_asks_for_a_category_cannot_be_assigned_without_it(inside, cast):
    coa, cif = cast.offering(required_categories=["COA"]), cast.offering(required_categories=["CIF"])
    partner = loaded(waiting(cast, "999000052", kind=m.PartnerKind.WEALTH_ADVISER))
    checks.run_all(partner)
    with pytest.raises(RuleBroken):
        partners.assign(partner, [coa.id])
    assert [offering.id for offering in partners.assign(partner, [cif.id])] == [cif.id]


def test_a_partner_cannot_work_under_its_own_agent(inside, cast):
    top = cast.partner()
    below = cast.partner(parent_id=top.id)
    partner = loaded(top)
    partner.parent_id = below.id
    with db.session.no_autoflush, pytest.raises(RuleBroken):
        partners.saving(partner, False)


def test_a_suspended_partner_cannot_sign_in(house, cast):
    from tests.cast import PASSWORD

    partner = cast.partner(status=m.PartnerStatus.SUSPENDED)
    user = cast.member(partner)
    answer = cast.stranger().post("/partner/signin", {"email": user.email, "password": PASSWORD}, headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert "The portal is closed for your company" in answer.text


def test_at_most_one_partnership_per_partner_in_the_database(inside, cast):
    from datetime import date

    from sqlalchemy.exc import IntegrityError

    partner, program = cast.partner(), cast.add(m.Program(name="P"))
    cast.add(m.Partnership(partner_id=partner.id, program_id=program.id, starts_on=date(2026, 1, 1)))
    db.session.add(m.Partnership(partner_id=partner.id, program_id=program.id, starts_on=date(2026, 1, 1)))
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()

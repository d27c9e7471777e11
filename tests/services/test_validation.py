"""What opens a portal and what does not: the order of the moves, stale checks, expired offers, a SIREN held twice."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app import models as m
from app.extensions import db
from app.services import agreements, partners
from app.services.refusals import RuleBroken
from tests import signing


@pytest.fixture
def inside(house):
    from app.models.scope import SYSTEM, acting

    with house.test_request_context(), acting(db.session(), SYSTEM, "tests"):
        yield


def waiting_file(cast, **facts):
    """A file that was checked, signed and waits."""
    partner = cast.partner(**{"status": m.PartnerStatus.DRAFT} | facts)
    cast.document(partner)
    cast.add(m.BankAccount(partner_id=partner.id, holder="X", iban="FR7630006000011234567890189"))
    cast.knowledge(partner)
    partner = db.session.get_one(m.Partner, partner.id)
    partners.submit(partner, "tests", "fr")
    sign(partner)
    return partner


def sign(partner):
    signing.sign(partner)
    partners.signed(partner, "tests")
    db.session.commit()


def test_reactivating_opens_only_a_suspended_partner(inside, cast):
    partner = waiting_file(cast)
    with pytest.raises(RuleBroken):
        partners.reactivate(partner, "manager", "because")
    assert partner.status is m.PartnerStatus.PENDING_VALIDATION
    partners.validate(partner, "tests", [], none_yet=True, counter=signing.counter(partner))
    partners.suspend(partner, "tests", "a complaint")
    with pytest.raises(RuleBroken):
        partners.validate(partner, "tests", [], none_yet=True)
    partners.reactivate(partner, "tests", "settled")
    assert partner.status is m.PartnerStatus.ACTIVE


def test_a_portal_opens_with_offerings_or_with_none_said_in_so_many_words(inside, cast):
    partner = waiting_file(cast)
    with pytest.raises(RuleBroken) as refusal:
        partners.validate(partner, "tests", [])
    assert refusal.value.field == "offerings"
    partners.validate(partner, "tests", [], none_yet=True, counter=signing.counter(partner))
    assert partner.status is m.PartnerStatus.ACTIVE


@pytest.mark.parametrize("verb", [partners.suspend, partners.close])
def test_a_move_says_why(inside, cast, verb):
    partner = db.session.get_one(m.Partner, cast.partner().id)
    with pytest.raises(RuleBroken):
        verb(partner, "tests", "  ")


def test_what_was_checked_and_signed_does_not_change_before_validation(inside, cast):
    partner = waiting_file(cast)
    partner.siren = "999000029"
    with db.session.no_autoflush, pytest.raises(RuleBroken):
        partners.saving(partner, new=False)


def test_no_portal_opens_without_a_signed_agreement(inside, cast):
    partner = db.session.get_one(m.Partner, cast.partner(status=m.PartnerStatus.PENDING_VALIDATION).id)
    with pytest.raises(RuleBroken):
        partners.validate(partner, "tests", [], none_yet=True)


def test_a_contested_siren_is_settled_when_the_other_file_is_gone(inside, cast):
    first = waiting_file(cast, siren="732829320")
    second = waiting_file(cast, siren="732829320")
    assert second.contested
    with pytest.raises(RuleBroken):
        partners.validate(second, "tests", [], none_yet=True)
    partners.close(first, "tests", "gave up")
    db.session.commit()
    partners.validate(second, "tests", [], none_yet=True, counter=signing.counter(second))
    assert second.status is m.PartnerStatus.ACTIVE
    assert not second.contested


def test_history_keeps_everything_when_two_files_with_one_siren_are_signed_at_the_same_moment(inside, cast, monkeypatch):
    """The savepoint of the lost race is rolled back, and only what was done inside it is forgotten."""
    waiting_file(cast, siren="732829320")
    monkeypatch.setattr(partners.crossings, "siren_is_held", lambda siren, by_other_than: False)
    second = waiting_file(cast, siren="732829320")
    assert second.contested
    agreement = agreements.of_partner(second.id)[0]
    entries = cast.read(lambda session: [(entry.entity, entry.record_id) for entry in session.query(m.History)])
    assert ("Agreement", agreement.id) in entries
    changes = cast.read(lambda session: [entry.values.changes for entry in session.query(m.History).filter_by(entity="Agreement", record_id=agreement.id)])
    assert any(change.get("status") == ["to_sign", "signed"] for change in changes)


def test_closing_handles_the_alert_and_withdraws_the_offer(inside, cast):
    partner = waiting_file(cast)
    partners.close(partner, "tests", "gave up")
    db.session.commit()
    assert cast.count(m.Alert, m.Alert.handled_at.is_(None)) == 0
    assert cast.count(m.Agreement, m.Agreement.status == m.AgreementStatus.SIGNED) == 1


def test_an_expired_offer_is_offered_again(house, cast):
    partner = cast.partner(status=m.PartnerStatus.TO_SIGN)
    agreement = cast.agreement(partner, status=m.AgreementStatus.TO_SIGN, signed_at=None, signed_by=None, expires_at=m.now() - timedelta(days=1))
    visitor = cast.signed_in(cast.member(partner), partner)
    assert "/partner/file/sign/renew" in visitor.get("/partner/file/sign").text
    assert visitor.post("/partner/file/sign/renew").status_code == 302
    assert cast.get(m.Agreement, agreement.id).status is m.AgreementStatus.EXPIRED
    page = visitor.get("/partner/file/sign").text
    assert "/partner/file/sign/code" in page
    assert visitor.post("/partner/file/sign/renew").status_code == 302
    assert cast.count(m.Agreement) == 2  # one that can be signed stays


def test_staff_may_send_back_a_file_that_is_never_signed(house, cast):
    partner = cast.partner(status=m.PartnerStatus.TO_SIGN)
    admin = cast.client_for("administrator")
    assert f"/partners/{partner.id}/refuse" in admin.get(f"/partners/{partner.id}/validation").text
    assert admin.post(f"/partners/{partner.id}/refuse", {"reason": "Never signed."}).status_code == 302
    assert cast.get(m.Partner, partner.id).status is m.PartnerStatus.REFUSED


@pytest.mark.parametrize("dates", [{"closes_on": date(2026, 1, 31)}, {"opens_on": date(2999, 1, 1)}])
def test_an_offering_is_assigned_only_between_its_dates(inside, cast, dates):
    offering, partner_id = cast.offering(**dates), cast.partner().id
    assert offering.id not in [each.id for each in partners.open_offerings()]
    partner = db.session.get_one(m.Partner, partner_id)
    with pytest.raises(RuleBroken):
        partners.assign(partner, [offering.id])

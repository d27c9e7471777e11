"""Pieces of a partner's file: handed in later, an identity document compared with its person, and who may look at it."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from app import models as m
from tests.services.test_mrz import PASSPORT, zone
from tests.views.test_registration import a_picture, applicant

EN = {"headers": {"Accept-Language": "en"}}


def steps(**more):
    return {"holder": "Cabinet", "iban": "FR7630006000011234567890189", "document_identity": (io.BytesIO(a_picture()), "card.jpg")} | more


def born(cast, visitor_partner, **facts):
    """The owner, with the name that its document bears."""
    with cast.writing() as session:
        user = session.query(m.User).join(m.Membership, m.Membership.user_id == m.User.id).filter(m.Membership.partner_id == visitor_partner.id).one()
        for name, value in facts.items():
            setattr(user, name, value)


def papers(cast):
    return cast.read(lambda session: [(paper.number, paper.zone) for paper in session.query(m.IdentityPaper)])


def test_the_lines_alone_fill_in_number_and_expiry(house, cast):
    partner, visitor = applicant(cast)
    valid = zone("OWNER", "JEANNE").lines
    assert visitor.post("/partner/file/documents", steps(mrz=valid)).status_code == 302
    assert papers(cast) == [("L898902C3", valid)]
    document = cast.read(lambda session: session.query(m.Document).one())
    assert (document.number, document.expires_on.isoformat()) == (None, "2032-04-15")


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"mrz": PASSPORT[:60]}, "You typed"),
        ({"mrz": PASSPORT}, "This document has expired"),
        ({"mrz": PASSPORT.replace("740812", "740813")}, "A character was misread"),
        ({"mrz": zone("A", "B").lines, "identity_number": "12AB"}, "Please check the number"),
        ({"mrz": zone("A", "B").lines, "identity_expires_on": "2031-01-01"}, "Please check the date"),
        ({}, "Please enter the number of your identity document"),
    ],
)
def test_what_does_not_hold_together_is_said_and_nothing_typed_is_lost(house, cast, sent, sentence):
    partner, visitor = applicant(cast)
    answer = visitor.post("/partner/file/documents", steps(**sent), **EN)
    assert answer.status_code == 422
    assert sentence in answer.text
    for value in sent.values():
        assert value.split("\n")[0].replace("<", "&lt;") in answer.text
    assert cast.count(m.Document) == 1, "the picture could be read: nobody has to choose it again"
    assert papers(cast) == [("", "")]


@pytest.mark.parametrize(("name", "result", "difference"), [("Owner", "passed", []), ("Martin", "failed", ["last_name"])])
def test_the_document_is_compared_with_its_person(house, cast, name, result, difference):
    partner, visitor = applicant(cast)
    born(cast, partner, last_name=name, first_name="Jeanne", birth_date=m.now().date().replace(1974, 8, 12))
    cast.knowledge(partner)
    visitor.post("/partner/file/documents", steps(mrz=zone("OWNER", "JEANNE<LOUISE").lines))
    assert visitor.post("/partner/file/submit").status_code == 302
    check = cast.read(lambda session: session.query(m.Check).filter_by(kind=m.CheckKind.IDENTITY).one())
    assert (check.result.value, check.answered["differences"], check.answered["lines"]) == (result, difference, "TD3")
    assert "L898902C3" not in str(check.answered) + check.asked, "the proof says which document, not its number"


def test_an_identity_document_is_for_those_who_need_it_and_every_look_is_in_the_history(house, cast):
    partner = cast.partner(status=m.PartnerStatus.PENDING_VALIDATION)
    document = cast.document(partner, number="98ZZ12345")
    at = {"page": f"/partners/{partner.id}/identity", "file": f"/files/documents/{document.id}"}
    for role in ("manager", "reader"):
        visitor = cast.client_for(role)
        assert (visitor.get(at["page"]).status_code, visitor.get(at["file"]).status_code) == (403, 404), role
        assert "98ZZ12345" not in visitor.get(f"/documents/{document.id}").text
        assert "98ZZ12345" not in visitor.get("/documents/export.csv").text
    compliance = cast.staff("compliance", first_name="Inès", last_name="Bernard")
    visitor = cast.signed_in(compliance)
    assert "98ZZ12345" in visitor.get(at["page"]).text
    assert visitor.get(at["file"]).status_code == 200
    looks = cast.read(lambda session: [(entry.actor, entry.record_id) for entry in session.query(m.History).filter_by(deed=m.Deed.SEEN)])
    assert looks == [("Inès Bernard", document.id)], "the page and its picture are one look"
    assert "Inès Bernard" in visitor.get(f"/documents/{document.id}?tab=history").text


def test_bank_details_are_for_those_who_may_see_the_accounts(house, cast):
    document = cast.document(cast.partner(), kind=m.DocumentKind.BANK)
    assert cast.client_for("reader").get(f"/files/documents/{document.id}").status_code == 404
    assert cast.client_for("manager").get(f"/files/documents/{document.id}").status_code == 200


def test_history_holds_nothing_of_what_an_identity_document_says(house, cast):
    partner, visitor = applicant(cast)
    visitor.post("/partner/file/documents", steps(identity_number="98ZZ12345", mrz=""))
    entries = cast.read(lambda session: [str(entry.values.changes) for entry in session.query(m.History)])
    assert entries
    assert not [entry for entry in entries if "98ZZ12345" in entry]


def test_an_active_partner_hands_in_what_is_new_and_staff_are_told_once(house, cast):
    partner = cast.partner()
    owner = cast.client_for("owner", partner)
    for number in ("RC-1", "RC-2"):
        sent = {"kind": "liability", "identity_number": number, "identity_expires_on": "2030-03-31", "file": (io.BytesIO(a_picture()), "rc.jpg")}
        assert owner.post("/portal/documents/new", sent).status_code == 302
    held = cast.read(lambda session: [(each.number, each.expires_on.isoformat()) for each in session.query(m.Document)])
    assert held == [("RC-1", "2030-03-31"), ("RC-2", "2030-03-31")]
    assert cast.count(m.Alert, m.Alert.kind == "document_received") == 1
    assert "RC-1" in owner.get("/portal/profile/").text or "rc.jpg" in owner.get("/portal/profile/").text


def test_a_new_identity_document_is_checked_at_once(house, cast):
    partner = cast.partner()
    sent = {"kind": "identity", "mrz": zone("X", "Y").lines, "file": (io.BytesIO(a_picture()), "card.jpg")}
    assert cast.client_for("owner", partner).post("/portal/documents/new", sent).status_code == 302
    assert cast.count(m.Check, m.Check.kind == m.CheckKind.IDENTITY, m.Check.result == m.CheckResult.FAILED) == 1


def test_staff_hand_in_for_a_partner_and_readers_do_not(house, cast):
    partner = cast.partner()
    sent = {"kind": "kbis", "file": (io.BytesIO(a_picture()), "kbis.jpg")}
    manager = cast.client_for("manager")
    assert "documents/new" in manager.get(f"/partners/{partner.id}?tab=documents").text
    assert manager.post(f"/partners/{partner.id}/documents/new", sent).status_code == 302
    assert cast.count(m.Document) == 1
    assert cast.count(m.Alert) == 0, "staff need not be told of what they did"
    reader = cast.client_for("reader")
    assert reader.post(f"/partners/{partner.id}/documents/new", {"kind": "kbis"}).status_code == 403
    assert "documents/new" not in reader.get(f"/partners/{partner.id}?tab=documents").text


@pytest.mark.parametrize(
    ("content", "sentence"), [(None, "Please choose a file"), (b"", "This file is empty"), (b"<html><script>alert(1)</script>", "Only PDF, JPEG and PNG")]
)
def test_a_wrong_file_is_refused_with_all_that_was_typed(house, cast, content, sentence):
    partner = cast.partner()
    sent = {"kind": "liability", "identity_number": "RC-77"} | ({} if content is None else {"file": (io.BytesIO(content), "rc.pdf")})
    answer = cast.client_for("owner", partner).post("/portal/documents/new", sent, **EN)
    assert (answer.status_code, cast.count(m.Document)) == (422, 0)
    assert sentence in answer.text
    assert "RC-77" in answer.text


def test_twenty_identical_posts_keep_one_document(house, cast):
    partner = cast.partner()
    owner = cast.client_for("owner", partner)
    for _number in range(20):
        sent = {"kind": "kbis", "one_time": "the same", "file": (io.BytesIO(a_picture()), "kbis.jpg")}
        assert owner.post("/portal/documents/new", sent).status_code == 302
    assert cast.count(m.Document) == 1


def test_what_has_expired_is_refused_and_everything_wrong_is_said_at_once(house, cast):
    owner = cast.client_for("owner")
    late = owner.post("/portal/documents/new", {"kind": "liability", "identity_expires_on": "2020-02-01", "file": (io.BytesIO(a_picture()), "rc.jpg")}, **EN)
    assert (late.status_code, cast.count(m.Document)) == (422, 0)
    assert "This document has expired" in late.text
    assert "choose the file again" in late.text
    both = owner.post("/portal/documents/new", {"kind": "liability"}, **EN)
    assert "Please choose a file" in both.text
    assert "Please enter the last day" in both.text


def test_an_expired_document_is_seen_as_such(house, cast):
    partner = cast.partner(status=m.PartnerStatus.PENDING_VALIDATION)
    cast.document(partner, expires_on=m.today() - timedelta(days=1))
    assert "This document has expired" in cast.client_for("compliance").get(f"/partners/{partner.id}/identity", **EN).text

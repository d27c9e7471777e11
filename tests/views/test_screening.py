"""Watch lists loaded on their page, matches decided on theirs."""

from __future__ import annotations

import io

import pytest

from app import models as m
from app.services import jobs, screening
from tests.services.test_screening import a_list, entry

EN = {"headers": {"Accept-Language": "en"}}


def sent(content=None, kind="exposed", **more):
    return {"kind": kind, "file": (io.BytesIO(content if content is not None else a_list(entry(1, "MARTIN", ["Jeanne"], ["1951-11-23"]))), "registre.json")} | more


def work(house):
    with house.app_context():
        jobs.work_off()


def test_a_list_is_loaded_everybody_screened_and_a_match_decided(house, cast):
    partner = cast.partner()
    cast.knowledge(partner)
    officer = cast.client_for("compliance")
    assert officer.post("/watch-lists/load", sent()).status_code == 302
    assert "1 entries" in officer.get("/watch-lists/", **EN).text or "registre.json" in officer.get("/watch-lists/", **EN).text
    work(house)
    match = cast.read(lambda session: session.query(m.ScreeningMatch).one())
    page = officer.get(f"/matches/{match.id}", **EN).text
    for words in ("Jeanne MARTIN", "The name is the same.", "The list says born 23 Nov 1951: that is another date.", "Politically exposed persons", "85 out of 100"):
        assert words in page, words
    refused = officer.post("/matches/action/dismiss", {"ids": match.id, "from_record": "1", "confirmed": "1", "reason": " "}, **EN)
    assert refused.status_code == 409
    assert "Please give the reason" in refused.text
    done = officer.post("/matches/action/dismiss", {"ids": match.id, "from_record": "1", "confirmed": "1", "reason": "Another date of birth."})
    assert done.headers["Location"] == f"/matches/{match.id}"
    held = cast.get(m.ScreeningMatch, match.id)
    assert (held.status, held.reason) == (m.MatchStatus.DISMISSED, "Another date of birth.")
    history = officer.get(f"/matches/{match.id}?tab=history", **EN).text
    assert "Somebody else" in history
    assert cast.count(m.Alert, m.Alert.kind == "match_found", m.Alert.handled_at.is_(None)) == 0


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": ""}, "Please choose which list this is."),
        ({"content": b"<html>"}, "This is not a list in the format of the register of asset freezes (JSON)."),
        ({"content": b""}, "Please choose a file."),
        ({"content": a_list(entry(1, "A"), entry(2, ""))}, "Entry 2 of the file cannot be read. Nothing has been loaded."),
    ],
)
def test_what_is_no_list_is_refused_in_words(house, cast, fields, sentence):
    answer = cast.client_for("compliance").post("/watch-lists/load", sent(**fields), **EN)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert cast.count(m.WatchEntry) == 0


def test_a_list_that_shrinks_wants_a_word(house, cast):
    officer = cast.client_for("compliance")
    officer.post("/watch-lists/load", sent(a_list(*(entry(number, f"NOM{number}") for number in range(9)))))
    small = a_list(entry(1, "A"), on="2026-11-20T00:00:00")
    refused = officer.post("/watch-lists/load", sent(small), **EN)
    assert "This list holds 1 entries where the one in use holds 9." in refused.text
    assert officer.post("/watch-lists/load", sent(small, smaller_too="1")).status_code == 302
    assert cast.count(m.WatchEntry) == 1


def test_matches_are_for_those_who_screen(house, cast):
    for role, code in (("compliance", 200), ("administrator", 200), ("manager", 403), ("reader", 403)):
        visitor = cast.client_for(role)
        assert (visitor.get("/matches/").status_code, visitor.get("/watch-lists/").status_code) == (code, code), role
    assert cast.client_for("owner", cast.partner()).get("/matches/").status_code in (302, 403)


def test_an_owner_named_in_the_portal_or_by_staff_is_screened(house, cast):
    partner = cast.partner()
    facts = {"first_name": "Jeanne", "last_name": "Martin", "birth_date": "23/11/1951", "nationality": "FR", "country": "FR", "control": "capital", "share": "60"}
    cast.client_for("compliance").post("/watch-lists/load", sent())
    work(house)
    assert cast.client_for("owner", partner).post("/portal/owners/new", facts).status_code == 302
    work(house)
    assert cast.count(m.ScreeningMatch, m.ScreeningMatch.likeness == 100) == 1
    too_much = cast.client_for("manager").post("/owners/new", facts | {"partner_id": partner.id, "first_name": "Anne"}, **EN)
    assert too_much.status_code == 422
    assert "The others hold 60 % already" in too_much.text


def test_what_has_come_to_light_since_is_not_decided_on(house, cast):
    """An officer looks at another date of birth; meanwhile the partner corrects it, and it is the one of the list."""
    partner = cast.partner()
    cast.knowledge(partner)
    officer = cast.client_for("compliance")
    officer.post("/watch-lists/load", sent())
    work(house)
    match = cast.read(lambda session: session.query(m.ScreeningMatch).one())
    page = officer.get(f"/matches/{match.id}", **EN).text
    seen = page.split('name="seen" value="')[1].split('"')[0]
    with cast.writing() as session:
        session.query(m.BeneficialOwner).one().birth_date = m.today().replace(1951, 11, 23)
        screening.ask(partner.id)
    work(house)
    late = {"ids": match.id, "from_record": "1", "confirmed": "1", "reason": "Another date of birth.", "seen": seen}
    answer = officer.post("/matches/action/dismiss", late, **EN)
    assert answer.status_code == 409
    assert "This match has changed since you opened it." in answer.text
    held = cast.get(m.ScreeningMatch, match.id)
    assert (held.status, held.likeness) == (m.MatchStatus.OPEN, 100)


def test_a_confirmed_freeze_shuts_the_portal_at_once_and_calls_for_a_declaration(house, cast):
    partner = cast.partner()
    cast.knowledge(partner)
    owner, officer = cast.client_for("owner", partner), cast.client_for("compliance")
    officer.post("/watch-lists/load", sent(a_list(entry(1, "MARTIN", ["Jeanne"], ["1974-08-12"])), kind="freeze"))
    work(house)
    match = cast.read(lambda session: session.query(m.ScreeningMatch).one())
    assert owner.get("/portal/").status_code == 200
    confirmed = {"ids": match.id, "from_record": "1", "confirmed": "1", "reason": "Same passport.", "seen": match.version}
    assert officer.post("/matches/action/confirm", confirmed).status_code == 302
    assert cast.get(m.Partner, partner.id).status is m.PartnerStatus.SUSPENDED
    assert owner.get("/portal/").status_code == 302
    assert cast.count(m.Alert, m.Alert.kind == "assets_frozen", m.Alert.handled_at.is_(None)) == 1
    admin = cast.client_for("administrator")
    assert "Make nothing available to this partner" in admin.get(f"/partners/{partner.id}", **EN).text
    back = admin.post("/partners/action/reactivate", {"ids": partner.id, "confirmed": "1", "reason": "A mistake"}, **EN)
    assert back.status_code == 409
    assert "are frozen" in back.text
    offering = cast.offering()
    assert (
        cast.client_for("manager").post("/assignments/new", {"partner_id": partner.id, "offering_id": offering.id, "assigned_on": "2026-01-02"}, **EN).status_code == 422
    )
    assert officer.post("/matches/action/dismiss", {"ids": match.id, "confirmed": "1", "reason": "Another passport after all."}).status_code == 302
    assert admin.post("/partners/action/reactivate", {"ids": partner.id, "confirmed": "1", "reason": "Cleared"}).status_code == 302
    assert cast.get(m.Partner, partner.id).status is m.PartnerStatus.ACTIVE


def test_whoever_joins_a_partner_or_leaves_its_owners_is_screened(house, cast):
    partner = cast.partner()
    owner = cast.add(m.BeneficialOwner(partner_id=partner.id, first_name="A", last_name="B", birth_date=m.today(), share=100))
    manager = cast.client_for("manager")
    link = cast.invite(partner, manager, "nouveau@example.org")
    before = cast.count(m.Job, m.Job.kind == "screen_partner")
    cast.stranger().post(link, {"first_name": "Zoé", "last_name": "Nouvelle", "password": "a long enough password", "password_again": "a long enough password"})
    assert cast.count(m.Job, m.Job.kind == "screen_partner") == before + 1
    assert cast.client_for("administrator").post(f"/owners/{owner.id}/delete").status_code == 302
    assert cast.count(m.Job, m.Job.kind == "screen_partner") == before + 2
    row = cast.get(m.Partner, partner.id)
    facts = {
        "version": row.version,
        "name": "Nouveau nom",
        "kind": row.kind.value,
        "exercise": row.exercise.value,
        "siren": row.siren,
        "rcs_town": "Lyon",
        "country": "FR",
    }
    assert manager.post(f"/partners/{partner.id}/edit", facts | {"orias_number": row.orias_number, "city": "Lyon"}).status_code == 302
    assert cast.count(m.Job, m.Job.kind == "screen_partner") == before + 3

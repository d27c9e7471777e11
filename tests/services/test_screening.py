"""Screening: lists in the Treasury register's format, likeness with its reasons, decisions that hold until something changes."""

from __future__ import annotations

import json
import time
from datetime import date

import pytest
from sqlalchemy.exc import OperationalError

from app import models as m
from app.extensions import db
from app.models.scope import SYSTEM, acting
from app.services import jobs, partners, screening, watch_lists
from app.services.crossings import crossing
from app.services.refusals import RuleBroken

FREEZE, EXPOSED = m.ListKind


def entry(number, name, first=(), born=(), nature="Personne physique", aliases=(), **more):
    fields = [
        {"TypeChamp": "PRENOM", "Valeur": [{"Prenom": each} for each in first]},
        {"TypeChamp": "DATE_DE_NAISSANCE", "Valeur": [dict(zip(("Annee", "Mois", "Jour"), (*each.split("-"), "", "")[:3], strict=True)) for each in born]},
        {"TypeChamp": "ALIAS", "Valeur": [{"Alias": each, "Commentaire": ""} for each in aliases]},
        {"TypeChamp": "MOTIFS", "Valeur": [{"Motifs": "Inventé pour ce test."}]},
        {"TypeChamp": "UN_CHAMP_NOUVEAU", "Valeur": [{"Autre": "inconnu"}]},
    ]
    return {"IdRegistre": number, "Nature": nature, "Nom": name, "RegistreDetail": fields, **more}


def a_list(*entries, on="2026-11-02T00:00:00"):
    return json.dumps({"Publications": {"DatePublication": on, "PublicationDetail": list(entries)}}).encode()


@pytest.fixture
def inside(house):
    with house.test_request_context(), acting(db.session(), SYSTEM, "tests"):
        yield db.session


def load(*entries, kind=FREEZE, **facts):
    row = watch_lists.load(kind, "registre.json", a_list(*entries, **facts), "Inès", smaller_too=True)
    db.session.commit()
    return row


def found(cast, owner, born=date(1970, 5, 1), **facts):
    """What a partner with one beneficial owner of this name meets."""
    db.session.rollback()
    first, last = owner.split(" ", 1)
    partner = cast.partner(**facts)
    cast.add(m.BeneficialOwner(partner_id=partner.id, first_name=first, last_name=last, birth_date=born, share=100))
    return [
        (each.entry.reference, each.likeness, [reason[0] for reason in each.reasons]) for each in screening.look(db.session(), db.session.get_one(m.Partner, partner.id))
    ]


@pytest.mark.parametrize(
    ("name", "born", "expected"),
    [
        ("Igor Karabasoff", date(1970, 5, 1), [("1", 100, ["same_name", "same_birth"])]),
        ("Karabasoff Igor", date(1970, 5, 1), [("1", 100, ["same_name", "same_birth"])]),  # the order of names is nobody's
        ("Igór KARABASÖFF", date(1970, 5, 1), [("1", 100, ["same_name", "same_birth"])]),  # accents and case neither
        ("Igor Karabasof", date(1970, 5, 1), [("1", 99, ["close_name", "same_birth"])]),
        ("Igor Karabasoff", date(1970, 9, 9), [("1", 95, ["same_name", "birth_near"])]),  # the same year, another day: it may be a slip
        ("Igor Karabasoff", date(1991, 5, 1), [("1", 85, ["same_name", "other_birth"])]),  # a namesake, for somebody to decide
        ("Igor Karabasof", date(1991, 5, 1), []),  # neither the name nor the birth
        ("Igor Petrov", date(1970, 5, 1), []),
        ("Anna Pavlova", date(1982, 3, 3), [("2", 98, ["same_name", "birth_fits"])]),  # the list knows the year alone
        ("Ali Hassan", date(1955, 1, 1), [("3", 94, ["part_of_name", "birth_fits"])]),
        ("Lev Bronstein", date(1960, 1, 1), [("4", 95, ["same_name"])]),  # under an alias, without a date
    ],
)
def test_likeness_with_its_reasons(inside, cast, name, born, expected):
    load(
        entry(1, "KARABASOFF", ["Igor"], ["1970-05-01"]),
        entry(2, "PAVLOVA", ["Anna"], ["1982"]),
        entry(3, "HASSAN MOHAMED AL BASRI", ["Ali"], ["1955"]),
        entry(4, "TROTSKOÏ", ["Lev"], [], aliases=["Lev Bronstein"]),
        entry(5, "Kalinka Shipping LLC", nature="Personne morale"),
    )
    assert found(cast, name, born) == expected


def test_a_company_is_found_whatever_its_legal_form_and_a_sole_trader_by_its_whole_name(inside, cast):
    load(entry(5, "KALINKA SHIPPING LLC", nature="Personne morale"), entry(6, "DUPOND", ["Marcel"], ["1960"]))
    assert [each[:2] for each in found(cast, "Jeanne Martin", name="SAS Kalinka Shipping")] == [("5", 95)]
    assert [each[:2] for each in found(cast, "Jeanne Martin", name="Marcel Dupond")] == [("6", 95)]
    assert found(cast, "Jeanne Martin", name="Marcel Dupont Conseil") == []
    assert found(cast, "Kalinka Shipping") == [], "a person is not compared with companies"


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        b"[1, 2]",
        b'{"Publications": {}}',
        b'{"Publications": {"DatePublication": "yesterday", "PublicationDetail": [1]}}',
        b'{"Publications": {"DatePublication": "2026-11-02", "PublicationDetail": []}}',
        b'{"Publications": {"DatePublication": "2026-11-02", "PublicationDetail": {}}}',
        b"\xff\xfe\x00" * 40,
        b"[" * 100_000,
        a_list({"IdRegistre": 1}),
        a_list(entry(1, "")),
        a_list(entry(1, "A"), "not an entry"),
        a_list(entry(1, "A"), entry(1, "B")),  # two of one reference: the second would hide the first
        a_list(entry(1, "---")),
        a_list(entry(1, ["A"])),
        a_list(entry({"a": 1}, "A")),
        a_list(entry(1, "A"), on="9999-12-31T00:00:00"),  # nothing could ever take its place
        a_list({"IdRegistre": 1, "Nom": "A", "RegistreDetail": [{"TypeChamp": "ALIAS", "Valeur": ["text"]}]}),
    ],
)
def test_a_file_that_is_no_list_changes_nothing(inside, content):
    load(entry(1, "KARABASOFF", ["Igor"]))
    with pytest.raises(RuleBroken) as refusal:
        watch_lists.load(FREEZE, "x.json", content, "Inès")
    assert refusal.value.field == "file"
    db.session.rollback()
    assert [row.reference for row in inside.query(m.WatchEntry)] == ["1"]


def test_a_list_takes_the_place_of_the_one_before_and_of_no_other(inside):
    load(entry(1, "A"), entry(2, "B"), kind=EXPOSED)
    load(entry(1, "C"), entry(2, "D"))
    row = load(entry(3, "E"), entry(4, "F"), on="2026-11-03T00:00:00")
    assert sorted((entry.kind.value, entry.reference) for entry in inside.query(m.WatchEntry)) == [("exposed", "1"), ("exposed", "2"), ("freeze", "3"), ("freeze", "4")]
    assert (row.entries, row.published_on) == (2, date(2026, 11, 3))


def test_an_older_list_the_same_again_and_a_much_smaller_one_are_refused(inside):
    load(*(entry(number, f"NOM{number}") for number in range(10)))
    content = a_list(*(entry(number, f"NOM{number}") for number in range(10)))
    for sent, field in (
        (content, "file"),
        (a_list(entry(1, "A"), on="2026-10-01T00:00:00"), "file"),
        (a_list(*(entry(n, "B") for n in range(4)), on="2026-11-09T00:00:00"), "smaller_too"),
    ):
        with pytest.raises(RuleBroken) as refusal:
            watch_lists.load(FREEZE, "x.json", sent, "Inès")
        assert refusal.value.field == field
        db.session.rollback()
    assert inside.query(m.WatchEntry).count() == 10


# --- decisions ------------------------------------------------------------------------------------


def screened(partner):
    """Runs what waits, as a worker would, and returns the partner's matches."""
    db.session.rollback()
    jobs.work_off()
    db.session().info.update(scope=SYSTEM, actor="tests")  # a worker leaves its session behind
    with crossing() as session:
        return session.query(m.ScreeningMatch).filter_by(partner_id=partner.id).order_by(m.ScreeningMatch.id).all()


def test_a_decision_holds_through_later_lists_and_falls_when_either_side_changes(inside, cast):
    partner = cast.partner()
    owner = cast.add(m.BeneficialOwner(partner_id=partner.id, first_name="Igor", last_name="Karabasoff", birth_date=date(1991, 5, 1), share=100))
    load(entry(1, "KARABASOFF", ["Igor"], ["1970"]))
    (match,) = screened(partner)
    assert (match.status, match.likeness, match.subject) == (m.MatchStatus.OPEN, 85, f"owner:{owner.id}")
    assert cast.count(m.Alert, m.Alert.kind == "match_found") == 1
    held = inside.get_one(m.ScreeningMatch, match.id)
    with pytest.raises(RuleBroken):
        screening.decide(held, m.MatchStatus.DISMISSED, "  ", "Inès")
    screening.decide(held, m.MatchStatus.DISMISSED, "Born 21 years later.", "Inès")
    inside.commit()
    assert cast.count(m.Alert, m.Alert.kind == "match_found", m.Alert.handled_at.is_(None)) == 0

    load(entry(1, "KARABASOFF", ["Igor"], ["1970"]), entry(2, "AUTRE", ["Jean"]), on="2026-11-09T00:00:00")
    (match,) = screened(partner)
    assert (match.status, match.reason, match.decided_by) == (m.MatchStatus.DISMISSED, "Born 21 years later.", "Inès"), "the list is newer, the entry the same"
    load(entry(1, "KARABASOFF", ["Igor"], ["1970", "1991"]), on="2026-11-10T00:00:00")
    (match,) = screened(partner)
    assert (match.status, match.reason) == (m.MatchStatus.OPEN, ""), "the list says more of the birth"
    assert cast.count(m.Alert, m.Alert.kind == "match_found", m.Alert.handled_at.is_(None)) == 1
    load(entry(9, "AUTRE", ["Jean"]), on="2026-11-11T00:00:00")
    (match,) = screened(partner)
    assert match.status is m.MatchStatus.GONE
    with pytest.raises(RuleBroken):
        screening.decide(inside.get_one(m.ScreeningMatch, match.id), m.MatchStatus.DISMISSED, "x", "Inès")


def test_an_owner_who_signs_in_as_well_is_one_match(inside, cast):
    partner = cast.partner()
    cast.member(partner, first_name="Igor", last_name="Karabasoff", birth_date=date(1970, 5, 1))
    cast.add(m.BeneficialOwner(partner_id=partner.id, first_name="Igor", last_name="KARABASOFF", birth_date=date(1970, 5, 1), share=100))
    load(entry(1, "KARABASOFF", ["Igor"], ["1970"]))
    assert [match.subject.partition(":")[0] for match in screened(partner)] == ["owner"]


def test_nobody_validates_over_an_undecided_match_or_over_frozen_assets(inside, cast):
    partner = cast.partner(status=m.PartnerStatus.PENDING_VALIDATION)
    cast.agreement(partner)
    load(entry(1, "KARABASOFF", ["Igor"], ["1970"]))
    cast.add(m.BeneficialOwner(partner_id=partner.id, first_name="Igor", last_name="Karabasoff", birth_date=date(1970, 5, 1), share=100))
    held = inside.get_one(m.Partner, partner.id)
    with pytest.raises(RuleBroken, match="Karabasoff"):  # named since the last screening: the lists are looked at as it is validated
        partners.validate(held, "Claire", [], none_yet=True)
    inside.rollback()
    with acting(db.session(), SYSTEM, "tests"):
        screening.screen(db.session(), inside.get_one(m.Partner, partner.id))
        db.session.commit()
    match = inside.query(m.ScreeningMatch).one()
    screening.decide(match, m.MatchStatus.CONFIRMED, "Same passport.", "Inès")
    inside.commit()
    with pytest.raises(RuleBroken) as refusal:
        partners.validate(inside.get_one(m.Partner, partner.id), "Claire", [], none_yet=True)
    assert "Karabasoff" in str(refusal.value.sentence)
    inside.rollback()
    screening.decide(inside.query(m.ScreeningMatch).one(), m.MatchStatus.DISMISSED, "Another passport after all.", "Inès")
    inside.commit()
    screening.refuse_undecided(inside.get_one(m.Partner, partner.id))


def test_everybody_is_screened_every_night(inside):
    from app.services import schedules

    assert "screen_all" in [each.kind for each in schedules.SCHEDULES]


@pytest.mark.slow
def test_a_thousand_partners_are_screened_against_twenty_thousand_entries(inside, cast):
    """Prints how long it takes; the lists are as long as the Treasury's and a list of exposed persons together."""
    load(*(entry(number, f"NOM{number % 977}AK{number}", [f"Prenom{number % 311}"], ["1970"]) for number in range(20_000)))
    with cast.writing() as session:
        session.add_all(m.Partner(name=f"Cabinet {number} Conseil", status=m.PartnerStatus.ACTIVE, email=f"c{number}@example.org") for number in range(1_000))
    begun = time.perf_counter()
    db.session.rollback()
    jobs.work_off()
    took = time.perf_counter() - begun
    print(f"\n1,000 partners screened against 20,000 entries: {took:.1f} s, {took:.2f} ms each, matches {cast.count(m.ScreeningMatch)}")
    assert cast.count(m.Job, m.Job.kind == "screen_all", m.Job.state == m.JobState.DONE) == 1


def test_the_command_loads_a_list_or_says_why_not(house, cast, tmp_path):
    file = tmp_path / "registre.json"
    file.write_bytes(a_list(entry(1, "KARABASOFF", ["Igor"])))
    with house.app_context():
        done = house.test_cli_runner().invoke(args=["load-list", "freeze", str(file)])
        assert (done.exit_code, "1 entries, published on 2026-11-02" in done.output) == (0, True)
        assert house.test_cli_runner().invoke(args=["load-list", "freeze", str(file)]).exit_code == 1
    assert cast.count(m.WatchEntry) == 1


def test_what_somebody_has_confirmed_stays_until_somebody_takes_it_back(inside, cast):
    """The partner renames its owner, or removes it: frozen assets still stand in the way."""
    partner = cast.partner(status=m.PartnerStatus.PENDING_VALIDATION)
    owner = cast.add(m.BeneficialOwner(partner_id=partner.id, first_name="Igor", last_name="Karabasoff", birth_date=date(1970, 5, 1), share=100))
    load(entry(1, "KARABASOFF", ["Igor"], ["1970"]))
    (match,) = screened(partner)
    screening.decide(inside.get_one(m.ScreeningMatch, match.id), m.MatchStatus.CONFIRMED, "Same passport.", "Inès")
    inside.commit()
    inside.get_one(m.BeneficialOwner, owner.id).last_name = "Durand"
    screening.ask(partner.id)
    inside.commit()
    (match,) = screened(partner)
    assert match.status is m.MatchStatus.CONFIRMED
    with pytest.raises(RuleBroken) as refusal:
        screening.refuse_undecided(inside.get_one(m.Partner, partner.id))
    assert "Karabasoff" in str(refusal.value.sentence)


def test_a_sole_trader_is_compared_as_a_person_too(inside, cast):
    partner = cast.partner(name="Anatole Zorglubsky")
    cast.member(partner, first_name="Anatole", last_name="Zorglubsky")
    load(entry(1, "ZORGLUBSKI", ["Anatole"]))
    assert [(match.subject.partition(":")[0], match.likeness > 85) for match in screened(partner)] == [("person", True)]


def test_an_alert_ends_with_the_last_match_that_is_found_no_longer(inside, cast):
    partner = cast.partner()
    owner = cast.add(m.BeneficialOwner(partner_id=partner.id, first_name="Igor", last_name="Karabasoff", birth_date=date(1970, 5, 1), share=100))
    load(entry(1, "KARABASOFF", ["Igor"], ["1970"]))
    screened(partner)
    assert cast.count(m.Alert, m.Alert.kind == "match_found", m.Alert.handled_at.is_(None)) == 1
    inside.get_one(m.BeneficialOwner, owner.id).last_name = "Durand"
    inside.flush()
    with pytest.raises(RuleBroken, match="Karabasoff"):  # it waits for the next screening, and says so rather than that assets are frozen
        screening.refuse_undecided(inside.get_one(m.Partner, partner.id))
    screening.ask(partner.id)
    inside.commit()
    assert [match.status for match in screened(partner)] == [m.MatchStatus.GONE]
    assert cast.count(m.Alert, m.Alert.kind == "match_found", m.Alert.handled_at.is_(None)) == 0


def test_names_are_compared_while_nobodys_writing_waits(inside, cast, monkeypatch):
    """The nightly run compares by reading; only whoever resembles an entry is written about."""
    for name in ("Patrimoine du Lac", "Belledonne", "Kalinka Conseil", "Courtage Azur"):
        cast.partner(name=name)
    load(entry(1, "KALINKA CONSEIL", nature="Personne morale"))
    written, before = [], screening.screen
    monkeypatch.setattr(screening, "screen", lambda session, partner, looked: written.append(partner.name) or before(session, partner, looked))
    db.session.rollback()
    jobs.work_off()
    assert written == ["Kalinka Conseil"]


def test_characters_that_nobody_sees_hide_nobody(inside, cast):
    load(entry(1, "KARABASOFF", ["Igor"], ["1970"]))
    hidden = "".join(letter + chr(0xE0061) + "\u200b\u2063" for letter in "Karabasoff")
    assert found(cast, f"Igor {hidden}") == [("1", 98, ["same_name", "birth_fits"])]


def test_half_characters_in_a_list_stop_nothing(inside, cast):
    partner = cast.partner()
    cast.add(m.BeneficialOwner(partner_id=partner.id, first_name="Igor", last_name="Karabasoff", birth_date=date(1970, 5, 1), share=100))
    load(entry(1, "KARABASOFF\ud800", ["Igor"], ["1970"], aliases=["a\udfff", "nul\x00"]), entry("2\ud800", "AUTRE"))
    (match,) = screened(partner)
    assert (match.entry_name, match.entry_facts["aliases"]) == ("Igor KARABASOFF", ["a", "nul"])


def test_one_partner_that_cannot_be_screened_holds_up_no_other(inside, cast, monkeypatch):
    names = ["Kalinka Un", "Kalinka Deux"]
    one, two = (cast.partner(name=name) for name in names)
    load(*(entry(number, name, nature="Personne morale") for number, name in enumerate(names)))
    before = screening.screen

    def broken(session, partner, looked):
        if partner.id == one.id:
            raise OperationalError("statement", {}, Exception("gone"))
        return before(session, partner, looked)

    monkeypatch.setattr(screening, "screen", broken)
    assert [match.partner_id for match in screened(two)] == [two.id]
    assert cast.count(m.Job, m.Job.kind == "screen_all", m.Job.state == m.JobState.WAITING) == 1, "it comes back for the one that failed"
    monkeypatch.setattr(screening, "screen", before)

"""Questionnaires on their screens: the step of a file, the profile, the editor, the rehearsal."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from app import models as m
from app.services.questionnaires import versions
from app.services.questionnaires.definition import read
from tests.views.asking import EDITOR, EN, OWNER, STEP, mark, prepared, question_fields, rows, sent
from tests.views.test_registration import applicant

# --- the step of a file ---------------------------------------------------------------------------


def test_the_step_names_owners_keeps_answers_and_goes_on(house, cast):
    partner, visitor = applicant(cast)
    page = visitor.get(STEP, **EN).text
    assert "Who are your clients?" in page
    assert "I hold the whole company myself" in page
    added = visitor.post(STEP, sent() | OWNER | {"deed": "add"}, **EN)
    assert added.status_code == 200
    assert "Paul Durand" in added.text
    assert 'name="q_volume" value="1 200 000"' in added.text, "what was typed elsewhere is still there"
    assert cast.count(m.Answers) == 0
    gone_on = visitor.post(STEP, sent())
    assert gone_on.headers["Location"] == "/partner/file/submit"
    (row,) = rows(cast, m.Answers)
    assert (row.partner_id, row.score, row.level, row.values["volume"]) == (partner.id, 0, "low", "1200000")
    assert cast.count(m.Job, m.Job.kind == "screen_partner") == 1
    visitor.post(STEP, sent())
    assert cast.count(m.Answers) == 1, "the same answers again are no new answers"
    visitor.post(STEP, sent(contact="remote"))
    assert [row.score for row in rows(cast, m.Answers)] == [0, 2]


def test_one_button_makes_the_person_the_owner_of_it_all_once(house, cast):
    partner, visitor = applicant(cast)
    told = visitor.post(STEP, {"deed": "only_me"}, **EN)
    assert told.status_code == 422
    assert "Please fill in your birth date in the first step." in told.text
    with cast.writing() as session:
        session.query(m.User).filter_by(side=m.Side.PARTNER).one().birth_date = m.today().replace(year=1970)
    token = {"one_time": "x" * 20}
    for _turn in range(2):
        assert visitor.post(STEP, {"deed": "only_me"} | token).status_code == 200
    (owner,) = rows(cast, m.BeneficialOwner)
    assert (owner.partner_id, owner.share, owner.birth_date.year) == (partner.id, 100, 1970)
    assert visitor.post(STEP, {"deed": f"remove-{owner.id}"}).status_code == 200
    assert cast.count(m.BeneficialOwner) == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"owner-share": "25"}, "More than 25"),
        ({"owner-share": ""}, "More than 25"),
        ({"owner-share": "101", "owner-control": "other"}, "Between 0 and 100."),
        ({"owner-share": "half"}, "This is not a number."),
        ({"owner-birth_date": ""}, "Please fill in this field."),
        ({"owner-birth_date": "03/02/2090"}, "birth"),
        ({"owner-last_name": "x" * 101}, "At most 100 characters"),
        ({"owner-exposed": "y"}, "Please name the office."),
        ({"owner-nationality": "ZZ"}, 'id="owner-nationality_help"'),
    ],
)
def test_an_owner_that_cannot_be_is_refused_beside_its_field(house, cast, change, sentence):
    _partner, visitor = applicant(cast)
    answer = visitor.post(STEP, sent() | OWNER | change | {"deed": "add"}, **EN)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="Paul"' in answer.text
    assert 'name="q_volume" value="1 200 000"' in answer.text
    assert cast.count(m.BeneficialOwner) == 0


def test_shares_together_are_at_most_the_whole(house, cast):
    _partner, visitor = applicant(cast)
    visitor.post(STEP, OWNER | {"deed": "add"})
    answer = visitor.post(STEP, OWNER | {"owner-first_name": "Anne", "deed": "add"}, **EN)
    assert "The others hold 60 % already" in answer.text
    assert visitor.post(STEP, OWNER | {"owner-first_name": "Anne", "owner-share": "40", "deed": "add"}).status_code == 200
    assert cast.count(m.BeneficialOwner) == 2


def test_going_on_without_an_owner_or_with_wrong_answers_keeps_everything_typed(house, cast):
    _partner, visitor = applicant(cast)
    lonely = visitor.post(STEP, sent(), **EN)
    assert lonely.status_code == 422
    assert "Please name at least one beneficial owner." in lonely.text
    assert cast.count(m.Answers) == 0
    everything = visitor.post(STEP, {}, **EN).text
    assert everything.count("Please answer this question.") > 8
    assert "Please name at least one beneficial owner." in everything, "all at once"
    wrong = visitor.post(STEP, sent(volume="lots", area="", officer_name="") | OWNER, **EN)
    assert wrong.status_code == 422
    for key, sentence in (("volume", "This is not a number."), ("area", "Please answer this question."), ("officer_name", "Please answer this question.")):
        assert sentence in wrong.text.split(f'id="q_{key}_help"')[1][:400]
    assert 'name="q_volume" value="lots"' in wrong.text
    assert (cast.count(m.Answers), cast.count(m.BeneficialOwner)) == (0, 0), "nothing is half-written"
    both = visitor.post(STEP, sent() | OWNER)
    assert both.headers["Location"] == "/partner/file/submit"
    assert (cast.count(m.Answers), cast.count(m.BeneficialOwner)) == (1, 1), "an owner that was typed without its own button is kept as well"


def test_the_step_is_asked_for_unless_it_is_switched_off(house, cast):
    partner, visitor = applicant(cast)
    lacking = visitor.post("/partner/file/submit", **EN)
    assert "Please name at least one beneficial owner." in lacking.text
    assert "Please answer the questions about your business." in lacking.text
    assert 'href="/partner/file/activity"' in lacking.text
    cast.client_for("administrator").post("/settings/checks/save", {"on": ["siren", "rcs", "orias", "identity"]})
    assert "Please answer the questions" not in visitor.post("/partner/file/submit", **EN).text


def test_nobody_removes_the_owner_of_another_file(house, cast):
    _partner, visitor = applicant(cast)
    other = cast.add(m.BeneficialOwner(partner_id=cast.partner().id, first_name="A", last_name="B", birth_date=m.today(), share=100))
    assert visitor.post(STEP, {"deed": f"remove-{other.id}"}).status_code == 404
    assert cast.count(m.BeneficialOwner) == 1


# --- the profile, the file of staff ---------------------------------------------------------------


def test_a_partner_answers_anew_and_staff_read_why(house, cast):
    partner = cast.partner()
    cast.knowledge(partner)
    owner, reader = cast.client_for("owner", partner), cast.client_for("compliance")
    page = owner.get("/portal/questionnaire/", **EN).text
    assert 'value="europe" checked' in page, "it begins with what was answered last"
    assert owner.post("/portal/questionnaire/", sent(cash="yes") | {"q_volume": ""}, **EN).status_code == 422
    assert owner.post("/portal/questionnaire/", sent(cash="yes", exposed="yes")).headers["Location"] == "/portal/profile/#knowledge"
    before, after = rows(cast, m.Answers)
    assert (before.level, after.level, after.score) == ("low", "high", 10)
    told = reader.get(f"/answers/{after.id}", **EN).text
    assert "High risk" in told
    assert "10 points" in told
    assert "sets the lowest class by itself" in told
    shown = owner.get(f"/portal/answers/{after.id}", **EN).text
    assert "Do you accept cash?" in shown
    assert "risk" not in shown.split("<main")[1].lower(), "a partner is not told its class"
    assert "points" not in shown.split("<main")[1]
    profile = owner.get("/portal/profile/", **EN).text
    assert f"/portal/answers/{after.id}" in profile
    assert "Jeanne Martin" in profile


def test_a_member_who_only_reads_answers_nothing(house, cast):
    partner = cast.partner()
    assert cast.client_for("member", partner).post("/portal/questionnaire/", sent()).status_code == 403
    assert cast.client_for("owner", cast.partner()).get(f"/portal/answers/{cast.knowledge(partner).id}").status_code == 404


def test_twenty_identical_answers_are_one(house, cast):
    partner = cast.partner()
    owner = cast.client_for("owner", partner)
    for _turn in range(3):
        owner.post("/portal/questionnaire/", sent() | {"one_time": "y" * 20})
    assert cast.count(m.Answers) == 1


def test_the_validation_screen_shows_owners_answers_and_matches(house, cast, statements):
    partner = cast.partner(status=m.PartnerStatus.PENDING_VALIDATION)
    cast.knowledge(partner, exposed="yes")
    cast.add(m.WatchList(kind=m.ListKind.EXPOSED, filename="x", digest="x", published_on=m.today(), entries=1, by="x"))
    facts = {"subject": "owner:1", "subject_name": "Jeanne Martin", "list_kind": m.ListKind.EXPOSED, "reference": "1", "entry_name": "Jane MARTIN"}
    match = cast.add(m.ScreeningMatch(partner_id=partner.id, **facts, entry_facts={}, likeness=91, reasons=[["close_name", 91]], compared="x"))
    page = cast.client_for("administrator").get(f"/partners/{partner.id}/validation", **EN).text
    assert "High risk" in page
    assert f'href="/matches/{match.id}"' in page
    assert "91 out of 100" in page
    assert "Holds more than 25 % of the capital" in page


# --- what a reader of the code found --------------------------------------------------------------


@pytest.mark.parametrize("language", ["fr", "en"])
def test_saving_without_a_change_changes_no_figure(house, cast, language):
    """An amount goes into its box as somebody of this language types it, and comes out the same."""
    asked = {"headers": {"Accept-Language": language}}
    _partner, visitor = applicant(cast)
    visitor.post(STEP, sent(volume="1800000,50", area="world", abroad="12.5") | OWNER, **asked)
    page = visitor.get(STEP, **asked).text
    shown = {name: re.search(rf'name="{name}" value="([^"]*)"', page)[1] for name in ("q_volume", "q_abroad")}
    visitor.post(STEP, sent(area="world") | shown, **asked)
    assert [row.values["volume"] for row in rows(cast, m.Answers)] == ["1800000.5"], shown
    compliance = cast.client_for("compliance")
    compliance.post(f"{EDITOR}/begin", {})
    page = compliance.get(f"{EDITOR}/questions/volume", **asked).text
    band = re.search(r'name="band_0_least"[^>]* value="([^"]*)"', page)[1]
    fields = question_fields(mark=mark(compliance), kind="amount", band_0_least=band, band_0_points="1")
    assert compliance.post(f"{EDITOR}/questions/volume", fields, **asked).status_code == 302
    assert str(read(prepared(cast).content).question("volume").bands[0].least) == "5000000"


def test_a_question_that_has_changed_its_kind_does_not_shut_the_page(house, cast, compliance):
    partner = cast.partner()
    cast.knowledge(partner)
    for key, kind in (("officer_name", "amount"), ("training", "number")):
        compliance.post(f"{EDITOR}/questions/{key}", question_fields(mark=mark(compliance), kind=kind))
    assert compliance.post(f"{EDITOR}/publish", {"mark": mark(compliance)}).status_code == 302
    assert cast.client_for("owner", partner).get("/portal/questionnaire/").status_code == 200


def test_what_nobody_is_asked_stops_nobody(house, cast):
    _partner, visitor = applicant(cast)
    gone_on = visitor.post(STEP, sent(area="france", abroad="lots") | OWNER)
    assert gone_on.headers["Location"] == "/partner/file/submit"


def test_the_same_step_sent_twice_names_its_owner_once(house, cast):
    _partner, visitor = applicant(cast)
    for _turn in range(2):
        answer = visitor.post(STEP, sent() | OWNER | {"owner-share": "40", "one_time": "z" * 20})
        assert answer.headers["Location"] == "/partner/file/submit"
    assert (cast.count(m.BeneficialOwner), cast.count(m.Answers)) == (1, 1)


def test_a_draft_of_the_step_brings_back_the_owner_as_well(house, cast):
    _partner, visitor = applicant(cast)
    fields = [[name, value] for name, value in (OWNER | {"q_volume": "77"}).items()]
    assert visitor.post("/drafts/keep", {"place": STEP, "token": "abc123", "fields": json.dumps(fields)}).status_code == 204
    page = visitor.get(f"{STEP}?draft=abc123", **EN).text
    for shown in ('value="Paul"', 'value="60', 'name="q_volume" value="77"', '<details class="owner-new" open>'):
        assert shown in page, shown


def test_where_it_is_switched_off_the_file_has_no_such_step(house, cast):
    cast.client_for("administrator").post("/settings/checks/save", {"on": ["siren", "rcs", "orias", "identity"]})
    _partner, visitor = applicant(cast)
    assert visitor.get(STEP).headers["Location"] == "/partner/file/submit"
    assert "Owners and activity" not in visitor.get("/partner/file/you", **EN).text


# --- what somebody hostile found ------------------------------------------------------------------


def test_zero_with_two_hundred_million_digits_is_zero(house, cast):
    owner = cast.client_for("owner", cast.partner())
    assert owner.post("/portal/questionnaire/", sent(volume="0E-200000000")).status_code == 302
    (row,) = rows(cast, m.Answers)
    assert row.values["volume"] == "0"


def test_nobody_chooses_the_version_whose_questions_suit(house, cast, compliance, monkeypatch):
    partner = cast.partner()
    owner = cast.client_for("owner", partner)
    old = re.search(r'name="questionnaire" value="(\d+)"', owner.get("/portal/questionnaire/").text)[1]
    compliance.post(f"{EDITOR}/questions/new", question_fields(mark=mark(compliance)))
    compliance.post(f"{EDITOR}/publish", {"mark": mark(compliance)})
    assert owner.post("/portal/questionnaire/", sent() | {"questionnaire": old}).status_code == 302, "it was open when the next one came"
    monkeypatch.setattr(versions, "GRACE", timedelta(0))
    late = owner.post("/portal/questionnaire/", sent(cash="yes") | {"questionnaire": old}, **EN)
    assert late.status_code == 422
    assert "gold dealers" in late.text, "the questions in force, with what was typed"
    assert 'name="q_cash" value="yes" checked' in late.text
    told = cast.client_for("administrator").get(f"/partners/{partner.id}/validation", **EN).text
    assert "answered under version 1; version 2 is in force" in told


def test_an_owner_who_is_exposed_weighs_whatever_was_answered(house, cast):
    partner, visitor = applicant(cast)
    exposed = OWNER | {"owner-exposed": "y", "owner-office": "Maire de Lyon"}
    told = visitor.post(STEP, sent() | exposed, **EN)
    assert told.status_code == 422
    assert "You have named a beneficial owner who is politically exposed" in told.text.split('id="q_exposed_help"')[1][:300]
    assert visitor.post(STEP, sent(exposed="yes") | exposed).status_code == 302
    page = cast.client_for("administrator").get(f"/partners/{partner.id}/validation", **EN).text
    assert "enhanced vigilance applies, whatever the score" in page
    with cast.writing() as session:
        session.get_one(m.Partner, partner.id).status = m.PartnerStatus.PENDING_VALIDATION
    page = cast.client_for("administrator").get(f"/partners/{partner.id}/validation", **EN).text
    for point in ("Still open in this file:", "Pieces that are missing: Identity document", "Enhanced vigilance applies to this partner."):
        assert point in page, point


def test_what_is_declared_is_read_again_before_it_is_submitted(house, cast):
    _partner, visitor = applicant(cast)
    visitor.post(STEP, sent() | OWNER)
    page = visitor.get("/partner/file/submit", **EN).text
    for words in ("Paul Durand", "Holds more than 25 % of the capital", "Do you accept cash?", 'href="/partner/file/activity"'):
        assert words in page, words


def test_naming_an_owner_keeps_the_answers_as_a_draft(house, cast):
    _partner, visitor = applicant(cast)
    visitor.post(STEP, sent(volume="77") | OWNER | {"deed": "add"})
    page = visitor.get(STEP, **EN).text
    assert "You began this form on" in page
    token = re.search(r"draft=([0-9a-f]+)", page)[1]
    assert 'name="q_volume" value="77"' in visitor.get(f"{STEP}?draft={token}", **EN).text


@pytest.mark.parametrize("token", ["", "x" * 101])
def test_answers_without_their_token_are_refused_in_words(house, cast, token):
    answer = cast.client_for("owner", cast.partner()).post("/portal/questionnaire/", sent() | {"one_time": token}, **EN)
    assert answer.status_code == 422
    assert "This form is incomplete. Please open it again." in answer.text
    assert 'name="q_volume" value="1 200 000"' in answer.text


def test_an_empty_choice_is_refused_everywhere(house, cast):
    partner = cast.partner()
    owner = cast.add(m.BeneficialOwner(partner_id=partner.id, first_name="A", last_name="B", birth_date=m.today(), share=100))
    facts = {name.removeprefix("owner-"): value for name, value in OWNER.items()}
    assert cast.client_for("owner", partner).post("/portal/owners/new", facts | {"control": "", "share": "0"}).status_code in (302, 422)
    bulk = cast.client_for("manager").post("/owners/bulk", {"ids": owner.id, "field": "control", "control": ""})
    assert bulk.status_code in (200, 302, 409, 422)


def test_an_owner_deletes_whoever_owns_no_longer_and_keys_of_answers_are_the_servers(house, cast, compliance):
    partner = cast.partner()
    held = cast.add(m.BeneficialOwner(partner_id=partner.id, first_name="A", last_name="B", birth_date=m.today(), share=100))
    assert cast.client_for("member", partner).post(f"/portal/owners/{held.id}/delete").status_code == 403
    assert cast.client_for("owner", cast.partner()).post(f"/portal/owners/{held.id}/delete").status_code == 404
    assert cast.client_for("owner", partner).post(f"/portal/owners/{held.id}/delete").status_code == 302
    assert cast.count(m.BeneficialOwner) == 0
    compliance.post(f"{EDITOR}/questions/new", question_fields(mark=mark(compliance), option_0_key="dup", option_1_key="dup"))
    added = list(read(prepared(cast).content).sections[1].questions)[-1]
    assert len({option.key for option in added.options} | {"dup"}) == 3

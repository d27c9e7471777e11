"""Questionnaires on their screens: the step of a file, the profile, the editor, the rehearsal."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from app import models as m
from app.services.questionnaires import versions
from app.services.questionnaires.definition import read
from tests.services.test_questionnaires import PLAIN
from tests.views.test_registration import applicant

EN = {"headers": {"Accept-Language": "en"}}
STEP = "/partner/file/activity"
EDITOR = "/questionnaires/partner"


def sent(**changes):
    """Answers as a form sends them."""
    fields = {f"q_{key}": value for key, value in (PLAIN | changes).items()}
    return fields | {"q_volume": changes.get("volume", "1 200 000")}


OWNER = {
    "owner-first_name": "Paul",
    "owner-last_name": "Durand",
    "owner-birth_date": "03/02/1960",
    "owner-nationality": "FR",
    "owner-country": "FR",
    "owner-control": "capital",
    "owner-share": "60",
}


def rows(cast, entity):
    return cast.read(lambda session: session.query(entity).order_by(entity.id).all())


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


# --- the editor -----------------------------------------------------------------------------------


@pytest.fixture
def compliance(house, cast):
    visitor = cast.client_for("compliance")
    visitor.post(f"{EDITOR}/begin", {})
    return visitor


def mark(visitor):
    return re.search(r'name="mark" value="(\d+)"', visitor.get(f"{EDITOR}/").text)[1]


def prepared(cast):
    return cast.read(lambda session: session.query(m.Questionnaire).filter_by(published_at=None).one_or_none())


def question_fields(**changes):
    return {
        "section": "money",
        "text_fr": "Travaillez-vous avec des courtiers en or ?",
        "text_en": "Do you work with gold dealers?",
        "kind": "single",
        "weight": "2",
        "required": "y",
        "option_0_fr": "Oui",
        "option_0_en": "Yes",
        "option_0_points": "3",
        "option_0_floor": "medium",
        "option_1_fr": "Non",
        "option_1_en": "No",
        "option_1_points": "0",
    } | changes


def test_a_question_is_added_rehearsed_published_and_asked(house, cast, compliance):
    saved = compliance.post(f"{EDITOR}/questions/new", question_fields(mark=mark(compliance)))
    assert saved.status_code == 302
    added = list(read(prepared(cast).content).sections[1].questions)[-1]
    assert (added.weight, added.options[0].points, added.options[0].floor, added.text["en"]) == (2, 3, "medium", "Do you work with gold dealers?")
    tried = compliance.post(f"{EDITOR}/rehearsal/2", sent() | {f"q_{added.key}": added.options[0].key}, **EN).text
    assert "6 points" in tried
    assert "Do you work with gold dealers?" in tried
    assert "+6" in tried
    assert cast.count(m.Answers) == 0, "a rehearsal keeps nothing"
    owner = cast.client_for("owner", cast.partner())
    assert "gold dealers" not in owner.get("/portal/questionnaire/", **EN).text
    assert compliance.post(f"{EDITOR}/publish", {"mark": mark(compliance)}).status_code == 302
    assert "gold dealers" in owner.get("/portal/questionnaire/", **EN).text
    again = compliance.post(f"{EDITOR}/questions/{added.key}", question_fields(mark="1"))
    assert again.status_code == 409, "what is published is not edited"


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"text_fr": "", "text_en": ""}, "text", "Please write the question."),
        ({"text_fr": "x" * 501}, "text", "At most 500 characters; you typed 501."),
        ({"weight": "0000000000999"}, "weight", "A whole number up to 1000."),
        ({"weight": "-1"}, "weight", "A whole number up to 1000."),
        ({"kind": "nope"}, "kind", "This choice is not available."),
        ({"option_0_fr": "x" * 501}, "options", "At most 500 characters; you typed 501."),
        ({"weight": "lots"}, "weight", "A whole number up to 1000."),
        ({"option_0_points": "1e9"}, "options", "A whole number up to 1000."),
        ({"option_1_fr": "", "option_1_en": ""}, "options", "needs at least two answers"),
        ({"option_0_floor": "sky"}, "options", "names a class that no longer exists"),
        ({"kind": "table"}, "columns", "needs at least one column"),
        ({"kind": "number", "least": "9", "most": "1"}, "most", "Less than the smallest value."),
        ({"kind": "amount", "least": "nine"}, "least", "This is not a number."),
        ({"kind": "amount", "band_0_least": "x"}, "bands", "This is not a number."),
        ({"condition": ["area:world", "contact:both"]}, "condition", "All of these answers belong to one question."),
        ({"condition": ["exposed:yes"]}, "condition", "depends on a question that does not stand before it"),
        ({"condition": ["area:mars"]}, "condition", "depends on an answer that is no longer offered"),
    ],
)
def test_a_question_that_cannot_be_is_refused_beside_its_field_with_all_that_was_typed(house, cast, compliance, change, field, sentence):
    before = prepared(cast).content
    answer = compliance.post(f"{EDITOR}/questions/new", question_fields(mark=mark(compliance), **change), **EN)
    assert answer.status_code == 422
    assert sentence in answer.text.split(f'id="{field}_help"')[1][:500].replace("&#39;", "'")
    if "text_en" not in change:
        assert "gold dealers" in answer.text
    assert prepared(cast).content == before


def test_questions_sections_and_classes_are_moved_renamed_and_removed(house, cast, compliance):
    def post(place, **fields):
        return compliance.post(f"{EDITOR}/{place}", {"mark": mark(compliance)} | fields, **EN)

    assert post("questions/contact/move", deed="up").status_code == 302
    assert post("questions/training/remove").status_code == 302
    assert post("sections", text_fr="Divers", text_en="Other").status_code == 302
    assert post("sections", section="standing", text_fr="Réputation", text_en="Reputation").status_code == 302
    definition = read(prepared(cast).content)
    assert [question.key for question in definition.questions()][0] == "contact"
    assert definition.question("training") is None
    assert [section.text["en"] for section in definition.sections][-2:] == ["Reputation", "Other"]
    assert post("sections", section=definition.sections[-1].key, deed="remove").status_code == 302
    refused = post("sections", section="money", deed="remove")
    assert (refused.status_code, "still holds questions" in refused.text) == (422, True)
    assert post("questions/area/remove").status_code == 422, "another question depends on it"
    levels = {"level_0_fr": "Bas", "level_0_key": "low", "level_0_least": "0"}
    levels |= {"level_1_fr": "Haut", "level_1_key": "high", "level_1_least": "4", "level_1_tone": "bad"}
    levels |= {"level_2_fr": "Moyen", "level_2_key": "medium", "level_2_least": "2"}
    assert post("classes", **levels).status_code == 302
    assert [level.key for level in read(prepared(cast).content).levels] == ["low", "medium", "high"]
    assert post("classes", **levels | {"level_0_least": "1"}).status_code == 422
    assert post("discard").status_code == 302
    assert prepared(cast) is None


def test_two_people_in_one_version_the_second_loses_nothing_of_what_was_typed(house, cast, compliance):
    stale = mark(compliance)
    compliance.post(f"{EDITOR}/questions/training/remove", {"mark": stale})
    late = cast.client_for("administrator").post(f"{EDITOR}/questions/new", question_fields(mark=stale), **EN)
    assert late.status_code == 409
    assert "gold dealers" in late.text
    assert "Somebody else saved" in late.text
    assert cast.client_for("administrator").post(f"{EDITOR}/publish", {"mark": stale}).status_code == 409


def test_staff_without_the_right_read_and_change_nothing(house, cast, compliance):
    manager = cast.client_for("manager")
    assert manager.get(f"{EDITOR}/").status_code == 200
    assert manager.get(f"{EDITOR}/rehearsal/1").status_code == 200
    for place in ("begin", "publish", "discard", "sections", "questions/area/move", "questions/area/remove", "questions/area", "classes"):
        assert manager.post(f"{EDITOR}/{place}", {"mark": "1"}).status_code == 403, place
    assert manager.get("/questionnaires/unknown/").status_code == 404
    assert manager.get(f"{EDITOR}/versions/99").status_code == 404


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


def test_a_question_that_somebody_has_just_removed_keeps_what_was_typed(house, cast, compliance):
    stale = mark(compliance)
    compliance.post(f"{EDITOR}/questions/training/remove", {"mark": stale})
    late = compliance.post(f"{EDITOR}/questions/training", question_fields(mark=stale), **EN)
    assert (late.status_code, "gold dealers" in late.text) == (409, True)
    compliance.post(f"{EDITOR}/discard", {"mark": mark(compliance)})
    gone = compliance.post(f"{EDITOR}/questions/new", question_fields(mark=stale), **EN)
    assert (gone.status_code, "gold dealers" in gone.text) == (409, True)
    classes = compliance.post(f"{EDITOR}/classes", {"mark": stale, "level_0_fr": "Mon niveau", "level_0_least": "0"}, **EN)
    assert (classes.status_code, "Mon niveau" in classes.text) == (409, True)


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


def test_a_version_that_somebody_could_not_read_is_not_published(house, cast, compliance):
    compliance.post(f"{EDITOR}/questions/new", question_fields(mark=mark(compliance), text_en=""))
    refused = compliance.post(f"{EDITOR}/publish", {"mark": mark(compliance)}, **EN)
    assert refused.status_code == 422
    assert "is not complete in: English." in refused.text
    page = compliance.get(f"{EDITOR}/questions/new?section=money").text
    assert "exposed:yes" not in page, "only what stands before it can be a condition"
    assert "funds:yes" in page


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

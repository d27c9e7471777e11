"""Questionnaires on their screens: the step of a file, the profile, the editor, the rehearsal."""

from __future__ import annotations

import re

import pytest

from app import models as m
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
    assert "Enhanced vigilance" in told
    assert "10 points" in told
    assert "decides by itself" in told
    shown = owner.get(f"/portal/answers/{after.id}", **EN).text
    assert "Do you accept cash?" in shown
    assert "vigilance" not in shown.split("<main")[1], "a partner is not told its class"
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
    assert "Enhanced vigilance" in page
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
    assert again.status_code == 404, "what is published is not edited"


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"text_fr": "", "text_en": ""}, "text", "Please write the question."),
        ({"text_fr": "x" * 501}, "text", "At most 500 characters; you typed 501."),
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

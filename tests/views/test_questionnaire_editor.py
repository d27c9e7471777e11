"""Questionnaires as compliance keeps them: edited, rehearsed, published."""

from __future__ import annotations

import pytest

from app import models as m
from app.services.questionnaires.definition import read
from tests.views.asking import EDITOR, EN, mark, prepared, question_fields, sent


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


def test_a_version_that_somebody_could_not_read_is_not_published(house, cast, compliance):
    compliance.post(f"{EDITOR}/questions/new", question_fields(mark=mark(compliance), text_en=""))
    refused = compliance.post(f"{EDITOR}/publish", {"mark": mark(compliance)}, **EN)
    assert refused.status_code == 422
    assert "is not complete in: English." in refused.text
    page = compliance.get(f"{EDITOR}/questions/new?section=money").text
    assert "exposed:yes" not in page, "only what stands before it can be a condition"
    assert "funds:yes" in page


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

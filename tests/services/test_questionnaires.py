"""The questionnaire engine: what is asked, what it counts, and that answers stay as they were given."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings, strategies as some

from app import models as m
from app.extensions import db
from app.models.scope import SYSTEM, acting
from app.services.questionnaires import Level, Option, QuestionKind, answers, built_in, versions
from app.services.questionnaires.definition import Band, Column, Definition, Question, Section, read, written
from app.services.refusals import RuleBroken

KYP = m.QuestionnaireKind.KNOW_YOUR_PARTNER
DEFINITION = built_in.KNOW_YOUR_PARTNER
PLAIN = {
    "clients": ["private"],
    "contact": "in_person",
    "area": "france",
    "volume": "1200000",
    "funds": "no",
    "cash": "no",
    "crypto": "no",
    "agents": "no",
    "officer": "yes",
    "officer_name": "J. Martin",
    "procedures": "current",
    "sanctions": "no",
    "exposed": "no",
}


@pytest.fixture
def inside(house):
    with house.test_request_context(), acting(db.session(), SYSTEM, "tests"):
        yield db.session


def scored(**changes):
    found = answers.outcome(DEFINITION, answers.checked(DEFINITION, PLAIN | changes))
    return found.score, found.level.key


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (0, "low")),
        # 2 for a distance, 1 for the Union, 1 for 5 million and more
        ({"contact": "remote", "area": "europe", "volume": "5000000"}, (4, "low")),
        # 3 for the world, 3 for a share of 30 %, 2 for 50 million and more: 8
        ({"area": "world", "abroad": "30", "volume": "50000000"}, (8, "medium")),
        # a share of 29.99 % counts 1: 3 + 1 = 4
        ({"area": "world", "abroad": "29.99"}, (4, "low")),
        # 1 for companies and 1 for associations, 3 for funds, 4 for no procedures, 3 for nobody in charge: 12
        ({"clients": ["company", "association"], "funds": "yes", "guarantee": "GFA 12", "procedures": "none", "officer": "no"}, (12, "high")),
        # the points of cash would make it medium; cash alone makes it high
        ({"cash": "yes"}, (6, "high")),
        # a sanction counts 5, which is low by points, and is never less than medium
        ({"sanctions": "yes", "sanctions_told": "AMF, 2024"}, (5, "medium")),
        ({"exposed": "yes"}, (4, "high")),
    ],
)
def test_a_score_is_what_a_hand_computes(changes, expected):
    assert scored(**changes) == expected


def test_weights_multiply_and_points_may_be_negative():
    question = Question("a", QuestionKind.SINGLE, {"fr": "A"}, weight=3, options=(Option("good", {"fr": "Bien"}, -2), Option("bad", {"fr": "Mal"}, 4)))
    definition = Definition((Section("s", {"fr": "S"}, (question,)),), (Level("low", {"fr": "Bas"}, 0), Level("high", {"fr": "Haut"}, 10)))
    assert (answers.outcome(definition, {"a": "good"}).score, answers.outcome(definition, {"a": "good"}).level.key) == (-6, "low")
    assert (answers.outcome(definition, {"a": "bad"}).score, answers.outcome(definition, {"a": "bad"}).level.key) == (12, "high")


def options_by_points(question):
    return sorted(question.options, key=lambda option: option.points)


@settings(max_examples=200, deadline=None)
@given(some.data())
def test_a_safer_answer_never_raises_the_class(data):
    """Any answers; then one of them, a single choice, is replaced by one that counts less and forbids no lower class."""
    values = {}
    for question in DEFINITION.questions():
        if question.kind is QuestionKind.SINGLE:
            values[question.key] = data.draw(some.sampled_from([option.key for option in question.options]))
        elif question.kind is QuestionKind.SEVERAL:
            values[question.key] = data.draw(some.lists(some.sampled_from([option.key for option in question.options]), unique=True, min_size=1))
        elif question.kind in (QuestionKind.NUMBER, QuestionKind.AMOUNT):
            values[question.key] = str(data.draw(some.integers(0, 100)))
    single = [question for question in answers.asked(DEFINITION, values) if question.kind is QuestionKind.SINGLE]
    question = data.draw(some.sampled_from(single))
    now = question.option(values[question.key])
    # An answer that opens further questions is safer only if what it opens cannot count more: the ones here open text and a share.
    safer = [option for option in question.options if option.points <= now.points and (not option.floor or option.floor == now.floor)]
    chosen = data.draw(some.sampled_from(safer))
    order = [level.key for level in sorted(DEFINITION.levels, key=lambda level: level.least)]
    before, after = (answers.outcome(DEFINITION, each).level.key for each in (values, values | {question.key: chosen.key}))
    assert order.index(after) <= order.index(before), (question.key, now.key, chosen.key)


def test_a_question_that_is_not_asked_counts_nothing_and_keeps_nothing():
    kept = answers.checked(DEFINITION, PLAIN | {"abroad": "90", "guarantee": "x", "agents_list": [{"name": "X"}]})
    assert not kept.keys() & {"abroad", "guarantee", "agents_list"}
    assert scored(abroad="90") == (0, "low")


def test_a_condition_that_hangs_on_an_unasked_question_is_not_met():
    chain = (
        Question("a", QuestionKind.SINGLE, {"fr": "A"}, options=(Option("yes", {}), Option("no", {}))),
        Question("b", QuestionKind.SINGLE, {"fr": "B"}, options=(Option("yes", {}), Option("no", {})), condition=("a", ("yes",))),
        Question("c", QuestionKind.TEXT, {"fr": "C"}, condition=("b", ("yes",))),
    )
    definition = Definition((Section("s", {}, chain),), (Level("low", {}),))
    assert [question.key for question in answers.asked(definition, {"a": "no", "b": "yes"})] == ["a"]
    assert answers.checked(definition, {"a": "no", "b": "yes", "c": "x"}) == {"a": "no"}


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"contact": ""}, "q_contact", "Please answer this question."),
        ({"contact": "by carrier pigeon"}, "q_contact", "This choice is not available. Please choose from the list."),
        ({"contact": ["in_person"]}, "q_contact", "This choice is not available. Please choose from the list."),
        ({"clients": []}, "q_clients", "Please answer this question."),
        ({"clients": ["private", "nobody"]}, "q_clients", "This choice is not available. Please choose from the list."),
        ({"volume": "-1"}, "q_volume", "At least 0."),
        ({"volume": "many"}, "q_volume", "This is not an answer to this question."),
        ({"area": "world", "abroad": "100.5"}, "q_abroad", "At most 100."),
        ({"area": "world"}, "q_abroad", "Please answer this question."),
        ({"training": "31/31/2026"}, "q_training", "This is not an answer to this question."),
        ({"officer_name": "x" * 2_001}, "q_officer_name", "At most 2000 characters; you typed 2001."),
        ({"agents": "yes"}, "q_agents_list", "Please answer this question."),
        ({"agents": "yes", "agents_list": [{"name": "X"}] * 21}, "q_agents_list", "At most 20 rows."),
        ({"agents": "yes", "agents_list": "X"}, "q_agents_list", "This is not an answer to this question."),
    ],
)
def test_an_answer_out_of_range_is_said_beside_its_question(house, changes, field, sentence):
    with house.test_request_context(headers={"Accept-Language": "en"}), pytest.raises(RuleBroken) as refusal:
        answers.checked(DEFINITION, PLAIN | changes)
    with house.test_request_context(headers={"Accept-Language": "en"}):
        assert (refusal.value.field, str(refusal.value.sentence)) == (field, sentence)


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(RuleBroken) as refusal:
        answers.checked(DEFINITION, {})
    required = {f"q_{question.key}" for question in DEFINITION.questions() if question.required and question.condition is None}
    assert {refusal.value.field, *refusal.value.others} == required


def test_rows_of_a_table_are_kept_as_they_were_filled_in():
    kept = answers.checked(DEFINITION, PLAIN | {"agents": "yes", "agents_list": [{"name": " Dupont ", "orias": ""}, {"name": ""}, {"town": "Gap", "other": "x"}]})
    assert kept["agents_list"] == [{"name": "Dupont"}, {"town": "Gap"}]


def test_a_definition_survives_its_way_through_json():
    assert read(written(DEFINITION)) == DEFINITION
    odd = Definition(
        (Section("s", {}, (Question("n", QuestionKind.NUMBER, {}, required=False, weight=0, least=Decimal("-1.5"), bands=(Band(Decimal("0.5"), -1),)),)),),
        (Level("a", {}, -3),),
    )
    assert read(written(odd)) == odd


# --- versions and rows ----------------------------------------------------------------------------


def test_answers_and_published_questions_are_never_rewritten(inside, cast):
    row = cast.knowledge(cast.partner())
    held = inside.get_one(m.Answers, row.id)
    held.score = 0 if held.score else 1
    with pytest.raises(m.NeverRewritten):
        inside.flush()
    inside.rollback()
    inside.delete(inside.get_one(m.Answers, row.id))
    with pytest.raises(m.NeverRewritten):
        inside.flush()
    inside.rollback()
    versions.in_force(KYP).content = {}
    with pytest.raises(m.NeverRewritten):
        inside.flush()
    inside.rollback()


def test_a_version_that_was_shown_can_be_answered_after_the_next_one_is_in_force(inside, cast):
    partner = inside.get_one(m.Partner, cast.partner().id)
    shown = versions.in_force(KYP)
    following = versions.prepare_next(KYP, "Inès")
    versions.change(following, following.version, lambda definition: versions.without(definition, "exposed"), "Inès")
    versions.publish(following, following.version, "Inès")
    row = answers.answer(partner, shown, PLAIN | {"exposed": "yes"}, "J. Martin")
    inside.commit()
    assert (row.questionnaire.number, row.level) == (1, "high")
    assert versions.in_force(KYP).number == 2
    later = answers.answer(partner, versions.in_force(KYP), PLAIN | {"exposed": "yes"}, "J. Martin")
    inside.commit()
    assert later.level == "low", "the question is no longer asked"
    assert [each.id for each in answers.of_partner(partner.id, KYP)] == [later.id, row.id]


def test_a_version_in_preparation_is_answered_by_nobody(inside, cast):
    partner = inside.get_one(m.Partner, cast.partner().id)
    with pytest.raises(RuleBroken):
        answers.answer(partner, versions.prepare_next(KYP, "Inès"), PLAIN, "X")


def test_one_version_is_prepared_at_a_time_and_a_stale_form_changes_nothing(inside):
    row = versions.prepare_next(KYP, "Inès")
    inside.commit()
    assert versions.prepare_next(KYP, "Paul").id == row.id
    mark = row.version
    versions.change(row, mark, lambda definition: versions.moved(definition, "contact", -1), "Inès")
    inside.commit()
    with pytest.raises(RuleBroken) as refusal:
        versions.change(row, mark, lambda definition: versions.without(definition, "contact"), "Paul")
    assert "Somebody else" in str(refusal.value.sentence) or "Quelqu" in str(refusal.value.sentence)
    assert [question.key for question in read(row.content).questions()][:2] == ["contact", "clients"]


def edited(edit):
    changed = edit(DEFINITION)
    versions.check(changed)
    return changed


def test_what_could_not_be_asked_is_not_kept():
    with pytest.raises(RuleBroken):  # its share depends on it
        edited(lambda definition: versions.without(definition, "area"))
    with pytest.raises(RuleBroken):  # it would stand before what it depends on
        edited(lambda definition: versions.moved(versions.moved(versions.moved(definition, "abroad", -1), "abroad", -1), "abroad", -1))
    with pytest.raises(RuleBroken):  # an answer it depends on goes
        edited(lambda definition: versions.put(definition, "activity", replace(definition.question("area"), options=definition.question("area").options[:2])))
    with pytest.raises(RuleBroken):  # a class that answers name goes
        edited(lambda definition: versions.with_levels(definition, DEFINITION.levels[:2]))
    with pytest.raises(RuleBroken):
        edited(lambda definition: versions.put(definition, "activity", Question("t", QuestionKind.TABLE, {"fr": "T"})))
    with pytest.raises(RuleBroken):
        edited(lambda definition: versions.without_section(definition, "activity"))
    with pytest.raises(RuleBroken):
        versions.with_levels(DEFINITION, (Level("a", {"fr": "A"}, 1),))
    assert edited(lambda definition: versions.put(definition, "money", Question("t", QuestionKind.TABLE, {"fr": "T"}, columns=(Column("c", {"fr": "C"}),)))).question("t")


def test_a_question_moves_through_the_sections_and_back():
    keys = [question.key for question in DEFINITION.questions()]
    moved = DEFINITION
    for _step in range(3):
        moved = versions.moved(moved, "crypto", 1)
    assert [section.key for section in moved.sections if "crypto" in [question.key for question in section.questions]] == ["vigilance"]
    for _step in range(3):
        moved = versions.moved(moved, "crypto", -1)
    assert [question.key for question in moved.questions()] == keys
    assert versions.moved(DEFINITION, keys[0], -1) == DEFINITION

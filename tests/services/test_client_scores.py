"""The scores of clients' questionnaires: cases worked out by hand, and what must hold whatever is answered."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from app.services.questionnaires import answers, versions
from app.services.questionnaires.definition import Definition, QuestionKind, read, written
from app.services.questionnaires.qcf import FAMILIES, QCF
from app.services.questionnaires.qpr import QPR
from app.services.refusals import RuleBroken

PLACES = {level.key: place for place, level in enumerate(QPR.levels)}
SCORED = [question for question in QPR.questions() if any(option.points for option in question.options)]

# Points by hand: goal, years, early, loss, fall, portfolio, share, reserve, saves, debts.
CASES = [
    ("keep two large none sell a most three none third", 0, "secure"),
    ("most later none more buy d little more more none", 9 + 9 + 4 + 12 + 8 + 9 + 6 + 4 + 3 + 3, "offensive"),
    ("grow later none thirty wait c quarter more fifth less", 6 + 9 + 4 + 9 + 5 + 6 + 4 + 4 + 2 + 2, "dynamic"),  # 51
    ("grow eight small fifteen wait b half six tenth less", 6 + 6 + 2 + 6 + 5 + 3 + 2 + 2 + 1 + 2, "balanced"),  # 35
    ("income five small five part b half six tenth less", 3 + 3 + 2 + 3 + 2 + 3 + 2 + 2 + 1 + 2, "cautious"),  # 23
    ("grow later none more buy d little three more none", 6 + 9 + 4 + 12 + 8 + 9 + 6 + 0 + 3 + 3, "cautious"),  # 60, but no reserve: at most cautious
    ("most two none more buy d little more more none", 9 + 0 + 4 + 12 + 8 + 9 + 6 + 4 + 3 + 3, "secure"),  # 58, but the money is needed within two years
    ("grow later none thirty buy d little more more none", 6 + 9 + 4 + 9 + 8 + 9 + 6 + 4 + 3 + 3, "dynamic"),  # 61, but at most €3,000 of 10,000
]


def chosen(line: str) -> answers.Values:
    return dict(zip([question.key for question in SCORED], line.split(), strict=True)) | {"purpose": ["home"], "sustainable": "no"}


@pytest.mark.parametrize(("line", "score", "level"), CASES)
def test_a_risk_profile_worked_out_by_hand(line, score, level):
    found = answers.outcome(QPR, answers.checked(QPR, chosen(line)))
    assert (found.score, found.level.key) == (score, level)


@pytest.mark.parametrize(
    ("used", "facts", "score", "level"),
    [("never", "unknown", 0, "novice"), ("few", "right", 7 + 28, "confirmed"), ("often", "right", 14 + 28, "expert"), ("often", "unknown", 14, "beginner")],
)
def test_knowledge_worked_out_by_hand(used, facts, score, level):
    """Seven families: up to 2 points of experience and twice 2 of facts each."""
    values: answers.Values = {"studies": "no", "decides": "mandate"}
    for family in FAMILIES:
        values |= {f"{family.key}_used": used}
        values |= {f"{family.key}_{name}": fact.right if facts == "right" else "unknown" for name, fact in (("risk", family.risk), ("fact", family.other))}
    found = answers.outcome(QCF, answers.checked(QCF, values))
    assert (found.score, found.level.key) == (score, level)


def test_who_says_to_be_well_versed_and_is_wrong_about_the_risk_is_pointed_out():
    values: answers.Values = {question.key: question.options[-1].key for question in QCF.questions()} | {"shares_used": "often", "shares_risk": "no"}
    found = answers.outcome(QCF, answers.checked(QCF, values))
    assert [each.first[0] for each in found.contradictions] == ["shares_used"]


def test_a_contradiction_names_its_family_without_lowering_an_acronym():
    said = {each.first[0]: (each.text["fr"], each.text["en"]) for each in QCF.contradictions}
    assert said["property_used"][0].endswith("SCPI et fonds immobiliers.")
    assert said["property_used"][1].endswith("property funds (SCPI).")
    assert said["private_used"][0].endswith("capital-investissement (FCPR, FCPI, FIP).")
    assert said["shares_used"][0].endswith("actions.")


def test_a_safer_answer_never_raises_the_class():
    """Of 2,000 random sets of answers, every question's every safer answer."""
    chance, tried = random.Random(5), 0
    for _set in range(2_000):
        values = {question.key: chance.choice(question.options).key for question in SCORED} | {"sustainable": "no"}
        before = answers.outcome(QPR, values)
        for question in SCORED:
            points = question.option(values[question.key]).points
            for option in question.options:
                if option.points >= points:
                    continue
                after = answers.outcome(QPR, values | {question.key: option.key})
                tried += 1
                assert after.score < before.score
                assert PLACES[after.level.key] <= PLACES[before.level.key], (values, question.key, option.key)
    print(f"\nsafer answers tried: {tried}, classes raised: 0")
    assert tried > 10_000


def test_what_is_answered_about_sustainability_changes_no_score():
    values = chosen(CASES[2][0])
    scores = {
        answers.outcome(QPR, values | {"sustainable": wanted, "taxonomy": share, "sfdr": "ten"}).score
        for wanted, share in itertools.product(("yes", "no"), ("none", "fifty"))
    }
    assert len(scores) == 1


def test_every_contradiction_of_both_can_come_up_and_names_answers_that_are_there():
    for definition in (QCF, QPR):
        versions.check(definition)
        for each in definition.contradictions:
            values = {each.first[0]: each.first[1][0], each.second[0]: each.second[1][0]}
            assert each in answers.outcome(definition, values).contradictions


def test_both_survive_being_written_down_and_read_again():
    for definition in (QCF, QPR):
        assert read(written(definition)) == definition


def changed(definition: Definition, key: str, **facts: object) -> Definition:
    question = definition.question(key)
    return versions.put(definition, "", replace(question, **facts))


def test_a_risk_profile_in_which_a_safer_answer_could_raise_the_class_is_not_published():
    versions.refuse_unsafe(QPR)
    loss = QPR.question("loss")
    unsafe = [
        changed(QPR, "loss", options=(replace(loss.options[0], ceiling=""), *loss.options[1:])),
        changed(QPR, "loss", options=(replace(loss.options[0], floor="dynamic"), *loss.options[1:])),
        changed(QPR, "loss", condition=("goal", ("most",))),
    ]
    for definition in unsafe:
        with pytest.raises(RuleBroken):
            versions.refuse_unsafe(definition)


def test_a_contradiction_with_an_answer_that_is_gone_is_refused():
    goal = QPR.question("goal")
    with pytest.raises(RuleBroken, match="contradiction"):
        versions.check(changed(QPR, "goal", options=goal.options[1:]))


def test_every_question_with_a_condition_stands_after_what_it_depends_on():
    assert [question.kind for question in QPR.questions() if question.condition] == [QuestionKind.SINGLE, QuestionKind.SINGLE, QuestionKind.SEVERAL]

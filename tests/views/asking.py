"""What the tests of questionnaires share: answers and questions as forms send them."""

from __future__ import annotations

import re

from app import models as m
from tests.services.test_questionnaires import PLAIN

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

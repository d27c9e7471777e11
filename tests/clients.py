"""Clients, their answers and their links, for the tests of the client file."""

from __future__ import annotations

import re
from typing import Any

from app import models as m
from app.services.questionnaires.qcf import QCF
from app.services.questionnaires.qpr import QPR
from tests.cast import Visitor

EN = {"headers": {"Accept-Language": "en"}}
DEFINITIONS = {"qcf": QCF, "qpr": QPR}


def typed(name: str, place: int = -1, **changes: str) -> dict[str, Any]:
    """Answers as a form sends them: of each question the option at a place, the last (the boldest, the best known) by default."""
    found: dict[str, Any] = {}
    for question in DEFINITIONS[name].questions():
        key = question.options[min(place, len(question.options) - 1)].key
        found[f"q_{question.key}"] = [key] if question.kind.value == "several" else key
    return found | changes


BOLD = typed("qpr", q_sustainable="no")
SAFE = typed("qpr", 0, q_sustainable="no")


def a_client(cast: Any, notifications: bool = True, **facts: Any) -> tuple[m.Partner, m.Client]:
    partner = facts.pop("partner", None) or cast.partner()
    return partner, cast.client(
        partner, **{"first_name": "Alice", "last_name": "Durand", "email": "alice@example.org", "notifications": notifications, "language": "en"} | facts
    )


def link_in(mail: m.Mail) -> str:
    return re.search(r"http://localhost(/space/enter/\S+)", mail.text)[1]


def entered(cast: Any, link: str) -> Visitor:
    guest = cast.stranger()
    assert guest.post(link).headers["Location"].startswith("/space/")
    return guest


def sent_to(cast: Any, owner: Visitor, client: m.Client, name: str = "qpr") -> tuple[Visitor, int]:
    """A client who has followed the link to a questionnaire, and the number it was sent under."""
    owner.post(f"/portal/clients/{client.id}/{name}/send", {"email": client.email})
    row = cast.read(lambda session: session.query(m.QuestionnaireSent).order_by(m.QuestionnaireSent.id.desc()).first())
    return entered(cast, link_in(cast.mails()[-1])), row.id


def code_in(mail: m.Mail) -> str:
    return re.search(r"^([0-9]{6})$", mail.text, re.MULTILINE)[1]


def run_job(house: Any, work: Any, **facts: Any) -> None:
    """Does a piece of background work as a worker would."""

    class Run:
        def __init__(self) -> None:
            self.facts = facts

        def renew(self, **steps: int) -> None: ...

        def settle(self, session: Any) -> None: ...

    with house.app_context():
        work(Run())

"""What the tests of screens share."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import event

from app import models as m
from app.extensions import db
from tests.clients import a_client


@pytest.fixture
def statements(house):
    """Everything sent to the database, but for BEGIN and COMMIT."""
    sent = []

    def note(connection, cursor, statement, *rest):
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA")):
            sent.append(statement)

    with house.app_context():
        engines = list(db.engines.values())
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def compliance(house, cast):
    visitor = cast.client_for("compliance")
    visitor.post("/questionnaires/partner/begin", {})
    return visitor


@pytest.fixture
def two(cast):
    """The record that stays, with little in it, and another one of the same client that knows more."""
    partner, target = a_client(cast, last_name="Durand", first_name="Anne", email="anne@exemple.fr", city="Lyon", phone=None)
    source = cast.client(
        partner, last_name="DURAND", first_name="Anne-Marie", email="am@exemple.fr", phone="+33 4 78 00 00 00", street="1 rue X", postcode="69001", city="Villeurbanne",
        birth_date=date(1970, 5, 1), status=m.ClientStatus.CLIENT, notifications=True,
    )  # fmt: skip
    return partner, target, source

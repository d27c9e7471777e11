"""What the tests of screens share."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from app.extensions import db


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

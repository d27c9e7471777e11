"""What is PostgreSQL's own: reading transactions, plans that last, and the finders behind the second wall."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InternalError
from sqlalchemy.orm import Session

from app.extensions import db, reading_engine, reads_only
from app.models import indexes, walls
from app.models.scope import NOBODY, STAFF_SCOPE, SYSTEM, Scope, ScopeKind, acting
from app.services.crossings import crossing

pytestmark = pytest.mark.parametrize("prepared", ["postgresql"], indirect=True, scope="session")


def test_a_reading_request_cannot_write(house, cast):
    partner = cast.partner()
    with house.app_context(), pytest.raises(InternalError, match="read-only"), crossing() as session:
        session.execute(text("UPDATE partner SET name = 'Autre' WHERE id = :id"), {"id": partner.id})
    assert reads_only.get() is False
    with house.app_context(), crossing(reading=False) as session:
        session.execute(text("UPDATE partner SET name = 'Autre' WHERE id = :id"), {"id": partner.id})
        session.commit()


def test_a_reading_connection_takes_the_role_of_whoever_comes(house, cast):
    """It has no transaction with which a role would end: each session of another scope sets its own, the house's too."""
    ours, theirs = cast.partner(), cast.partner()
    cast.client(ours), cast.client(theirs)
    asked = text("SELECT pg_backend_pid(), current_user, count(*) FROM client GROUP BY 1, 2")
    partner = [Scope(ScopeKind.PARTNER, (each.id,), 1, False) for each in (ours, theirs)]
    with house.app_context():
        seen, house_user = [], db.engine.url.username
        for scope in (partner[0], partner[1], STAFF_SCOPE, SYSTEM, partner[0], partner[0], NOBODY):
            with Session(reading_engine(), info={"scope": scope}) as session:
                seen.append(session.connection().execute(asked).first())
    assert len({row[0] for row in seen if row}) == 1, "one connection, one after the other"
    assert [row and tuple(row[1:]) for row in seen] == [
        ("cordee_partner", 1), ("cordee_partner", 1), ("cordee_staff", 2), (house_user, 2), ("cordee_partner", 1), ("cordee_partner", 1), None,
    ]  # fmt: skip


def test_a_role_that_could_not_be_taken_is_taken_again(house, cast, monkeypatch):
    partner = cast.partner()
    cast.client(partner)
    with house.app_context():
        with Session(reading_engine(), info={"scope": STAFF_SCOPE}) as session:
            session.connection()
        monkeypatch.setattr(walls, "KEEP_ROLE", text("SELECT set_config('role', :role || ' unknown', false), :partners, :adviser, :client"))
        with Session(reading_engine(), info={"scope": NOBODY}) as session, pytest.raises(DBAPIError):
            session.connection()
        monkeypatch.undo()
        for scope, found in ((NOBODY, 0), (STAFF_SCOPE, 1)):
            with Session(reading_engine(), info={"scope": scope}) as session:
                assert session.connection().scalar(text("SELECT count(*) FROM client")) == found


def test_a_list_is_not_planned_anew_by_each_request(house, cast):
    """psycopg forgets what the server has prepared after a ROLLBACK, and a limit that is a value is planned at each run. It
    prepares a statement at its sixth run, and the server keeps one plan after five of its own."""
    partner = cast.partner()
    cast.contract(partner, cast.client(partner))
    for visitor, address in ((cast.client_for("administrator"), "/contracts/"), (cast.client_for("owner", partner), "/portal/contracts/")):
        for _turn in range(14):
            assert visitor.get(address).status_code == 200
    with house.app_context(), reading_engine().connect() as connection:
        plans = connection.execute(text("SELECT generic_plans FROM pg_prepared_statements WHERE statement LIKE '%client_id_label%'")).scalars().all()
    assert len(plans) == 2
    assert all(count > 0 for count in plans)


def test_a_partner_finds_its_own_rows_by_a_word_and_nobody_elses(house, cast):
    ours, theirs = cast.partner(), cast.partner()
    found, other = cast.client(ours, last_name="Lambertini", first_name="Zoé"), cast.client(theirs, last_name="Lambertini")
    with house.app_context(), acting(db.session(), Scope(ScopeKind.PARTNER, (ours.id,), None, False)):
        assert db.session().connection().scalars(text("SELECT cordee_found_client('%lambertini%')")).all() == [found.id]
    visitor = cast.client_for("owner", ours)
    for words in ("lambertini", "zoe lambertini", "Lamber zoé"):
        page = visitor.get("/portal/clients/", query_string={"q": words}).text
        assert f"/portal/clients/{found.id}" in page
        assert f"/portal/clients/{other.id}" not in page
    assert f"/portal/clients/{found.id}" not in visitor.get("/portal/clients/?q=lambertini+absent").text


def test_only_partners_may_ask_a_finder_and_without_a_scope_it_finds_nothing(house, cast):
    cast.client(cast.partner(), last_name="Lambertini")
    ask = text("SELECT cordee_found_client('%lambertini%')")
    with house.app_context(), db.engine.connect() as connection:
        assert connection.scalars(ask).all() == []
    with house.app_context(), acting(db.session(), Scope(ScopeKind.STAFF)), pytest.raises(DBAPIError, match="permission denied"):
        db.session().connection().execute(ask)


def test_every_searchable_entity_with_an_owner_has_a_finder(house):
    with house.app_context(), db.engine.connect() as connection:
        present = set(connection.scalars(text("SELECT proname FROM pg_proc WHERE proname LIKE 'cordee\\_found\\_%' AND prosecdef")))
    assert present == {indexes.finder_of(entity) for entity in indexes.scoped_classes() if indexes.has_finder(entity)}
    assert len(present) >= 3

"""What is PostgreSQL's own: reading transactions, plans that last, and the finders behind the second wall."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InternalError

from app.extensions import db, reads_only
from app.models import indexes
from app.models.scope import Scope, ScopeKind, acting
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


def test_a_list_is_not_planned_anew_by_each_request(house, cast):
    """psycopg forgets what the server has prepared after a ROLLBACK, and a limit that is a value is planned at each run. It
    prepares a statement at its sixth run, and the server keeps one plan after five of its own."""
    partner = cast.partner()
    cast.contract(partner, cast.client(partner))
    for visitor, address in ((cast.client_for("administrator"), "/contracts/"), (cast.client_for("owner", partner), "/portal/contracts/")):
        for _turn in range(14):
            assert visitor.get(address).status_code == 200
    with house.app_context(), db.engine.connect() as connection:
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

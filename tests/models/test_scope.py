"""Row scope: what a partner's session reads and writes, and that nothing else comes through."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import aliased, joinedload, selectinload

from app import models as m
from app.extensions import db
from app.models.base import Own
from app.models.recorder import UnrecordedBulk
from app.models.scope import NOBODY, OutOfScope, Scope, ScopeKind, acting, scoped_classes
from tests.trust.world import build


def scope_of(*partners, person=None, own=False):
    return Scope(ScopeKind.PARTNER, tuple(partner.id for partner in partners), person, own)


@pytest.fixture
def two(cast):
    ours, theirs = cast.partner(), cast.partner()
    return ours, theirs, cast.client(ours, last_name="Nôtre"), cast.client(theirs, last_name="Leur")


def test_every_table_says_whose_its_rows_are():
    assert [entity.__name__ for entity in scoped_classes() if not hasattr(entity, "scope")] == []


def test_a_session_without_a_scope_sees_no_rows(house, two):
    with house.app_context():
        assert db.session.scalars(select(m.Client)).all() == []
        assert db.session.scalars(select(m.Partner)).all() == []


def test_a_partner_reads_its_own_rows_only(house, two):
    ours, theirs, our_client, their_client = two
    with house.app_context(), acting(db.session(), scope_of(ours)):
        assert [client.id for client in db.session.scalars(select(m.Client))] == [our_client.id]
        assert db.session.get(m.Client, their_client.id) is None
        assert db.session.get(m.Partner, theirs.id) is None


def test_the_next_persons_scope_is_not_taken_from_the_statement_cache(house, two):
    ours, theirs, our_client, their_client = two
    for partner, client in ((ours, our_client), (theirs, their_client), (ours, our_client)):
        with house.app_context(), acting(db.session(), scope_of(partner)):
            assert [found.id for found in db.session.scalars(select(m.Client))] == [client.id]
            other = aliased(m.Client)
            assert [found.id for found in db.session.scalars(select(other))] == [client.id]


def test_aliases_joins_and_eager_loads_are_scoped(house, cast, two):
    ours, theirs, our_client, their_client = two
    contract = cast.contract(ours, our_client)
    with cast.writing() as session:  # a row that should not exist: our contract on their client
        session.connection().execute(text("UPDATE contract SET client_id = :client WHERE id = :id"), {"client": their_client.id, "id": contract.id})
    with house.app_context(), acting(db.session(), scope_of(ours)):
        other = aliased(m.Client)
        named = db.session.execute(select(m.Contract.number, other.name).outerjoin(other, other.id == m.Contract.client_id)).all()
        assert named == [(contract.number, None)]
        for loading in (joinedload, selectinload):
            db.session.expunge_all()
            assert db.session.scalars(select(m.Contract).options(loading(m.Contract.client))).one().client is None


def test_rows_below_a_client_follow_the_client(house, cast, two):
    ours, theirs, our_client, their_client = two
    for client in (our_client, their_client):
        cast.add(m.Signatory(client_id=client.id, first_name="A", last_name="B", is_principal=True))
    with house.app_context(), acting(db.session(), scope_of(ours)):
        assert [signatory.client_id for signatory in db.session.scalars(select(m.Signatory))] == [our_client.id]


def test_a_member_limited_to_its_own_clients_sees_no_others(house, cast, two):
    ours, _theirs, our_client, _their_client = two
    adviser = cast.member(ours, "member")
    mine = cast.client(ours, adviser_id=adviser.id)
    my_contract, _other = cast.contract(ours, mine), cast.contract(ours, our_client)
    with house.app_context(), acting(db.session(), scope_of(ours, person=adviser.id, own=True)):
        assert [client.id for client in db.session.scalars(select(m.Client))] == [mine.id]
        assert [contract.id for contract in db.session.scalars(select(m.Contract))] == [my_contract.id]


def test_notes_are_read_only_once_shared(house, cast, two):
    ours = two[0]
    cast.add(m.Note(partner_id=ours.id, text="interne", shared=False))
    cast.add(m.Note(partner_id=ours.id, text="partagée", shared=True))
    with house.app_context(), acting(db.session(), scope_of(ours)):
        assert [note.text for note in db.session.scalars(select(m.Note))] == ["partagée"]


@pytest.mark.parametrize("change", [{"partner_id": "theirs"}, {"status": m.ClientStatus.FORMER}, {"notifications": True}])
def test_a_partner_may_not_set_other_columns_or_give_rows_away(house, two, change):
    ours, theirs, our_client, _their_client = two
    with house.app_context(), acting(db.session(), scope_of(ours)):
        client = db.session.get(m.Client, our_client.id)
        for name, value in change.items():
            setattr(client, name, theirs.id if value == "theirs" else value)
        with pytest.raises(OutOfScope):
            db.session.flush()


def test_a_partner_may_not_write_into_somebody_elses_company(house, two):
    ours, theirs, _our_client, their_client = two
    for record in (
        m.Client(partner_id=theirs.id, last_name="X"),
        m.Signatory(client_id=their_client.id, first_name="A", last_name="B"),
        m.Supplier(name="S", code="S"),
        m.Setting(key="k", value=1),
    ):
        with house.app_context(), acting(db.session(), scope_of(ours)):
            db.session.add(record)
            with pytest.raises(OutOfScope):
                db.session.flush()


def test_a_foreign_key_must_point_at_a_visible_row(house, two):
    ours, _theirs, our_client, their_client = two
    with house.app_context(), acting(db.session(), scope_of(ours)):
        client = db.session.get(m.Client, our_client.id)
        client.kind, client.first_person_id = m.ClientKind.COUPLE, their_client.id
        with pytest.raises(OutOfScope):
            db.session.flush()


def test_raw_and_bulk_statements_are_refused_under_a_partners_scope(house, two):
    ours, _theirs, our_client, _their_client = two
    statements = [
        text("SELECT 1"),
        update(m.Client).values(city="X"),
        delete(m.Client),
        insert(m.Contact).values(name="X", partner_id=ours.id),
        select(m.Client.__table__),
    ]
    for statement in statements:
        with house.app_context(), acting(db.session(), scope_of(ours)), pytest.raises((OutOfScope, UnrecordedBulk)):
            db.session.execute(statement)


def test_postgresql_says_it_a_second_time(house, cast, two):
    """Raw SQL on the connection, past the first wall: the policies answer."""
    ours, theirs, our_client, their_client = two
    with house.app_context():
        if db.engine.dialect.name != "postgresql":
            return
        with acting(db.session(), scope_of(ours)):
            connection = db.session.connection()
            assert connection.execute(text("SELECT id FROM client")).scalars().all() == [our_client.id]
            assert connection.execute(text("UPDATE client SET city = 'X' WHERE id = :id"), {"id": their_client.id}).rowcount == 0
            assert connection.execute(text("SELECT id FROM partner")).scalars().all() == [ours.id]
            for table in ("history", "mail", "setting", "sign_in"):
                with pytest.raises(DBAPIError), connection.begin_nested():
                    connection.execute(text(f"SELECT * FROM {table}"))
            with pytest.raises(DBAPIError), connection.begin_nested():
                connection.execute(text("INSERT INTO contact (partner_id, name, created_at, updated_at, version) VALUES (:id, 'X', now(), now(), 1)"), {"id": theirs.id})


def test_postgresql_shows_nothing_without_a_scope(house, two):
    with house.app_context():
        if db.engine.dialect.name != "postgresql":
            return
        with acting(db.session(), NOBODY):
            assert db.session.connection().execute(text("SELECT count(*) FROM client")).scalar() == 0


def test_a_pooled_connection_does_not_keep_the_role(house, two):
    ours = two[0]
    with house.app_context():
        if db.engine.dialect.name != "postgresql":
            return
        with acting(db.session(), scope_of(ours)):
            db.session.scalars(select(m.Client)).all()
            db.session.commit()
        with db.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM client")).scalar() == 2


def link_scope(client):
    return Scope(ScopeKind.LINK, client_id=client.id)


def test_a_client_behind_a_link_reads_its_own_rows_and_writes_none(house, cast):
    """On both databases, and on PostgreSQL a second time by the policies alone."""
    ours, theirs, _shared = build(cast)
    client = cast.get(m.Client, ours.ids["Client"])
    named = ("Client", "Contract", "Signatory", "ClientAnswers", "ClientPaper", "ClientFile")
    with house.app_context(), acting(db.session(), link_scope(client)):
        for entity in scoped_classes():
            if not isinstance(entity.scope, Own):
                continue
            if db.engine.dialect.name == "postgresql" and not entity.scope.link:
                with pytest.raises(DBAPIError, match="permission denied"):
                    db.session.scalars(select(entity))
                db.session.rollback()
                continue
            found = [getattr(row, "id", None) for row in db.session.scalars(select(entity))]
            wanted = [ours.ids[entity.__name__]] if entity.__name__ in named else []
            assert found == wanted, entity.__name__
        db.session.get_one(m.Client, client.id).city = "Ailleurs"
        with pytest.raises(OutOfScope):
            db.session.flush()
        db.session.rollback()
        if db.engine.dialect.name == "postgresql":
            for table in ("client", "contract", "signatory", "client_answers", "client_paper"):
                assert db.session.connection().exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 1, table
            for statement in ("UPDATE client SET city = 'x'", "DELETE FROM signatory", "SELECT * FROM mail", "SELECT * FROM client_link", "SELECT * FROM partner"):
                with pytest.raises(DBAPIError, match="permission denied"):
                    db.session.connection().exec_driver_sql(statement)
                db.session.rollback()
    assert theirs

"""History: every door is seen, the chain tells what was touched, values can go and the chain stays."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text, update

from app import models as m
from app.extensions import db
from app.models.recorder import UnrecordedBulk
from app.models.scope import SYSTEM, acting
from app.services import history


@pytest.fixture
def some_history(cast):
    partner = cast.partner(name="Avant")
    with cast.writing() as session:
        session.get_one(m.Partner, partner.id).name = "Après"
    return partner


def touch(house, statement, **values):
    """Changes a row behind the application's back."""
    with house.app_context(), db.engine.begin() as connection:
        connection.execute(text(statement), values)


def test_before_and_after_are_kept_on_the_record(cast, some_history):
    entries = cast.read(lambda session: list(session.scalars(select(m.History).where(m.History.entity == "Partner").order_by(m.History.id))))
    assert [entry.deed for entry in entries] == [m.Deed.ADDED, m.Deed.CHANGED]
    assert entries[1].values.changes == {"name": ["Avant", "Après"]}
    assert entries[1].actor == "tests"


def test_a_partners_own_change_is_recorded_under_its_name(house, cast):
    partner = cast.partner()
    user = cast.member(partner, first_name="Camille", last_name="Rousseau")
    owner = cast.signed_in(user, partner)
    assert owner.post("/portal/profile/edit", {"version": partner.version, "city": "Annecy", "email": partner.email}).status_code == 302
    entry = cast.read(lambda session: session.scalars(select(m.History).order_by(m.History.id.desc()).limit(1)).one())
    assert (entry.actor, entry.values.changes) == ("Camille Rousseau", {"city": ["Lyon", "Annecy"]})


def test_an_untouched_chain_holds(cast, some_history):
    assert cast.read(history.broken_places, piecemeal=True) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE history SET actor = 'somebody else' WHERE place = 1",
        "UPDATE history SET record_id = 99 WHERE place = 1",
        'UPDATE history_values SET changes = \'{"name": [null, "X"]}\' WHERE history_id = (SELECT id FROM history WHERE place = 1)',
        "UPDATE history SET digest = 'x' WHERE place = 2",
        "UPDATE history SET place = 50 WHERE place = 2",
        "UPDATE history_head SET place = 1",
    ],
)
def test_a_row_changed_behind_the_applications_back_is_found(house, cast, some_history, statement):
    touch(house, statement)
    assert cast.read(history.broken_places, piecemeal=True) != []


@pytest.mark.parametrize("place", [1, 2])
def test_a_removed_row_is_found(house, cast, some_history, place):
    touch(house, "DELETE FROM history_values WHERE history_id = (SELECT id FROM history WHERE place = :place)", place=place)
    touch(house, "DELETE FROM history WHERE place = :place", place=place)
    assert cast.read(history.broken_places, piecemeal=True) != []


def test_values_can_be_erased_and_the_chain_still_holds(house, cast, some_history):
    with cast.writing() as session:
        assert history.erase_values(session(), "Partner", some_history.id) == 2
    assert cast.read(history.broken_places, piecemeal=True) == []
    page = cast.client_for("administrator").get(f"/partners/{some_history.id}?tab=history", headers={"Accept-Language": "en"}).text
    assert "The values have been erased." in page
    assert "Avant" not in page


def test_bulk_statements_on_recorded_tables_go_through_the_bulk_verb(house, cast):
    client = cast.client(cast.partner())
    other = cast.partner()
    with house.app_context(), acting(db.session(), SYSTEM, "tests"):
        with pytest.raises(UnrecordedBulk):
            db.session.execute(update(m.Client).values(city="X"))
        with history.bulk(db.session(), "Client", {"partner_id": other.id, "clients": [client.id]}):
            db.session.execute(update(m.Client).where(m.Client.id == client.id).values(partner_id=other.id))
        db.session.commit()
    entry = cast.read(lambda session: session.scalars(select(m.History).where(m.History.deed == m.Deed.BULK)).one())
    assert entry.values.changes["clients"] == [None, [client.id]]
    assert cast.get(m.Client, client.id).partner_id == other.id


def test_a_rolled_back_change_leaves_no_trace(house, cast):
    partner = cast.partner()
    before = cast.count(m.History)
    with house.app_context(), acting(db.session(), SYSTEM, "tests"):
        db.session.get_one(m.Partner, partner.id).name = "Jamais"
        db.session.flush()
        db.session.rollback()
        db.session.commit()
    assert cast.count(m.History) == before


def test_passwords_never_reach_the_history(cast):
    user = cast.staff("manager")
    kept = cast.read(
        lambda session: [entry.values.changes for entry in session.scalars(select(m.History).where(m.History.entity == "User", m.History.record_id == user.id))]
    )
    assert kept
    assert all("password" not in changes for changes in kept)

"""The whole house in one encrypted file, and back: consistent, complete, from one database to the other, and refused in words."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from app import create_app, models as m, open_connectors
from app.extensions import db, let_go
from app.models import Model
from app.models.scope import SYSTEM, acting
from app.services import backups, history, preparation, signing
from app.services.crossings import crossing
from tests.conftest import TestConfig
from tests.trust.test_signature import signed_by_both
from tests.trust.world import build


@pytest.fixture
def full(house, cast):
    """A house with something in every corner, an agreement signed by both among it."""
    build(cast)
    with house.test_request_context(), acting(db.session(), SYSTEM, "tests"):
        broker = cast.partner(name="Réseau")
        cast.partner(name="Agent", parent_id=broker.id)
        agreement = signed_by_both(cast, siren=cast.siren())
        return agreement.id


@pytest.fixture(autouse=True)
def connectors_of_this_house(house):
    """Another house in the same process takes the connectors over; they are given back."""
    yield
    open_connectors(house)


@pytest.fixture
def keys():
    return backups.new_key()


def another_house(tmp_path: Path, name: str = "other"):
    folder = tmp_path / name
    folder.mkdir()
    return create_app(
        TestConfig, SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'it.db'}", INSTANCE=str(folder), FILE_FOLDER=str(folder / "files"), MAIL_FOLDER=str(folder / "mails")
    )


def everything(app):
    """Every row of every table that is backed up, as plain values."""
    with app.app_context():
        with db.engine.connect() as connection:
            found = {table.name: sorted(map(repr, connection.execute(select(table)))) for table in backups.tables()}
        let_go()
    return found


def files_in(app):
    folder = Path(app.config["FILE_FOLDER"])
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_house_comes_back_whole_in_another_database(house, full, keys, tmp_path):
    secret, public = keys
    with house.app_context():
        done = backups.write(tmp_path / "it.age", public)
    before, kept = everything(house), files_in(house)
    assert done.rows == sum(map(len, before.values()))
    other = another_house(tmp_path)
    with other.app_context():
        back = backups.restore(tmp_path / "it.age", secret)
        assert (back.rows, back.broken, back.other_secret) == (done.rows, (), False)
        let_go()
    after = everything(other)
    different = [name for name in before if before[name] != after[name]]
    print(f"\n{done.rows} rows of {len(before)} tables, {done.files} files: tables that differ {len(different)}")
    assert different == []
    assert files_in(other).items() >= {key: content for key, content in kept.items() if len(key) == 40}.items()
    with other.app_context(), acting(db.session(), SYSTEM, "tests"):
        agreement = db.session.get_one(m.Agreement, full)
        found = signing.verify(b"".join(signing.files.read(agreement.newest_key)))
        assert found.binds, "the key that agreements are sealed with came along"
        db.session.add(m.Note(partner_id=agreement.partner_id, text="after"))
        db.session.commit()
        with crossing(piecemeal=True) as session:
            assert history.broken_places(session) == [], "the chain goes on where it was"
        let_go()


def test_numbers_go_on_where_they_were(house, full, keys, cast, tmp_path):
    """Into the same kind of database as it came from: its counters are set, also past a record that was deleted."""
    secret, public = keys
    highest = cast.read(lambda session: max(session.scalars(select(m.Partner.id))))
    gone = cast.client(cast.get(m.Partner, highest))
    with cast.writing() as session:
        session.delete(session.get(m.Client, gone.id))
    with house.app_context():
        backups.write(tmp_path / "it.age", public)
        with db.engine.begin() as connection:
            backups.empty(connection)
        preparation.prepare()
        for path in files_in(house):
            if len(path) == 40:
                signing.files.remove(path)
        assert backups.restore(tmp_path / "it.age", secret).broken == ()
    partner = cast.partner()
    assert (partner.id, cast.client(partner).id) == (highest + 1, gone.id + 1)


def test_what_is_written_meanwhile_is_in_it_whole_or_not_at_all(house, full, keys, cast, tmp_path):
    """Somebody writes a partner and its note in one transaction, again and again, while the backup is read."""
    secret, public = keys
    ended = threading.Event()

    def write():
        number = 0
        while not ended.is_set() and number < 400:
            number += 1
            with cast.writing() as session:
                partner = m.Partner(name=f"Meanwhile {number}", status=m.PartnerStatus.DRAFT)
                session.add(partner)
                session.flush()
                session.add(m.Note(partner_id=partner.id, text="Meanwhile"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with house.app_context():
            backups.write(tmp_path / "it.age", public)
    finally:
        ended.set()
        writer.join()
    other = another_house(tmp_path)
    with other.app_context():
        assert backups.restore(tmp_path / "it.age", secret).broken == ()
        with crossing() as session:
            partners = set(session.scalars(select(m.Partner.id).where(m.Partner.name.like("Meanwhile %"))))
            notes = set(session.scalars(select(m.Note.partner_id).where(m.Note.text == "Meanwhile")))
        let_go()
    assert partners == notes


def test_nothing_of_it_can_be_read_without_the_key(house, full, keys, cast, tmp_path):
    _secret, public = keys
    with house.app_context():
        backups.write(tmp_path / "it.age", public)
    content = (tmp_path / "it.age").read_bytes()
    assert content.startswith(b"age-encryption.org/v1")
    assert not [word for word in (b"Cabinet", b"manifest.json", b"PRIVATE KEY", b"tables/") if word in content]
    assert (tmp_path / "it.age").stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("fault", ["another key", "no key", "cut", "a byte changed", "not one", "a full house", "another's store"])
def test_a_restoration_that_cannot_be_is_refused_in_words_and_leaves_the_house_empty(house, full, keys, tmp_path, fault):
    secret, public = keys
    source = tmp_path / "it.age"
    with house.app_context():
        backups.write(source, public)
    content = source.read_bytes()
    key = {"another key": backups.new_key()[0], "no key": "hello"}.get(fault, secret)
    if fault == "cut":
        source.write_bytes(content[: len(content) // 2])
    if fault == "a byte changed":
        source.write_bytes(content[:-2000] + bytes([content[-2000] ^ 1]) + content[-1999:])
    if fault == "not one":
        source.write_bytes(b"hello")
    target = house if fault == "a full house" else another_house(tmp_path)
    with target.app_context():
        if fault == "another's store":
            signing.files.files.chosen.own("another house")
        with pytest.raises(backups.NotDone):
            backups.restore(source, key)
        if fault != "a full house":
            preparation.prepare()
            with crossing() as session:
                assert session.scalar(select(m.User.id).limit(1)) is None
                assert session.scalar(select(m.Partner.id).limit(1)) is None
            assert not [name for name in files_in(target) if len(name) == 40]
        let_go()


def test_another_secret_key_is_said(house, full, keys, tmp_path):
    secret, public = keys
    with house.app_context():
        backups.write(tmp_path / "it.age", public)
    other = another_house(tmp_path)
    other.config["SECRET_KEY"] = "a new one"
    with other.app_context():
        assert backups.restore(tmp_path / "it.age", secret).other_secret
        let_go()


def test_every_table_is_either_backed_up_or_left_out_on_purpose():
    assert {table.name for table in Model.metadata.sorted_tables} - {table.name for table in backups.tables()} == set(backups.LEFT_OUT)


def test_the_commands_work_from_a_shell(house, full, tmp_path):
    """What the README says, word for word."""
    with house.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
    environment = {
        "SECRET_KEY": house.config["SECRET_KEY"],
        "DATABASE_URL": url,
        "CORDEE_INSTANCE": house.config["INSTANCE"],
        "FLASK_APP": "app:create_app",
        "PATH": "/usr/bin:/bin",
    }

    def flask(*words, **more):
        done = subprocess.run([sys.executable, "-m", "flask", *words], env=environment | more, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    code, public = flask("backup-key", str(tmp_path / "key.txt"))
    assert (code, public.startswith("age1")) == (0, True), public
    assert flask("backup-key", str(tmp_path / "key.txt"))[0] == 1, "a key is not overwritten"
    code, said = flask("backup", str(tmp_path / "it.age"), "--to", public.strip())
    assert (code, said.startswith("Written: ")) == (0, True), said
    fresh = {"DATABASE_URL": f"sqlite:///{tmp_path / 'fresh.db'}", "CORDEE_INSTANCE": str(tmp_path / "fresh")}
    code, said = flask("restore", str(tmp_path / "it.age"), "--key", str(tmp_path / "key.txt"), **fresh)
    assert (code, said.splitlines()[-1]) == (0, "The history is whole."), said
    code, said = flask("restore", str(tmp_path / "it.age"), "--key", str(tmp_path / "key.txt"), **fresh)
    assert (code, "not empty" in said) == (1, True), said

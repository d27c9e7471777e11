"""The house keeps its own rules: rooms, sizes, catalogues, migrations, what is written once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from app import models as m
from app.extensions import db
from app.models import Model
from app.models.base import Record
from tests.house import catalogues

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = sorted(path.stem.split("_")[0] for path in (ROOT / "migrations" / "versions").glob("*.py"))


def python_files() -> list[Path]:
    return [path for folder in ("app", "tests", "bench", "migrations") for path in (ROOT / folder).rglob("*.py")]


def test_rooms_import_downwards_only():
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")], cwd=ROOT, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}, check=False
    )
    assert done.returncode == 0, done.stdout


def test_no_module_grows_past_400_lines():
    assert [f"{path}: {lines}" for path in python_files() if (lines := len(path.read_text().splitlines())) > 400] == []


def test_no_room_for_leftovers():
    assert [path for path in python_files() if path.stem in ("utils", "helpers", "common", "misc")] == []


def test_every_module_says_what_lives_there():
    assert [str(path) for path in python_files() if path.stat().st_size and not re.match(r'(#!.*\n)?"""', path.read_text())] == []


def test_nothing_comes_from_another_host():
    """No template, stylesheet or script of ours names a remote address."""
    found = [
        (path.name, address)
        for folder in ("templates", "static")
        for path in (ROOT / "app" / folder).rglob("*.*")
        if path.suffix != ".webp"
        for address in re.findall(r"https?://[^\s\"'<>)]+", path.read_text())
        if "www.w3.org" not in address
    ]
    assert found == []


def test_the_catalogues_are_complete_and_written_in_real_french():
    assert catalogues.faults() == []


def test_a_catalogue_fresh_from_init_would_be_noticed(tmp_path, monkeypatch):
    """Without its header a catalogue counts as fuzzy and compiling skips it silently: the compiled file tells."""
    entry = polib.POEntry(msgid="Partner", msgstr="Partenaire")
    assert catalogues.faults_of(entry, {}) == ["fr: not in the compiled file: 'Partner'"]
    assert any(": space:" in fault for fault in catalogues.faults_of(polib.POEntry(msgid="Why?", msgstr="Pourquoi ?"), {"Why?": entry}))
    assert any("placeholders" in fault for fault in catalogues.faults_of(polib.POEntry(msgid="%(a)s", msgstr="rien"), {"%(a)s": entry}))


def test_the_template_of_the_catalogues_is_up_to_date(tmp_path):
    fresh = tmp_path / "messages.pot"
    options = [
        "-q",
        "extract",
        "-F",
        "babel.cfg",
        "-k",
        "_",
        "-k",
        "lazy_gettext",
        "-k",
        "gettext",
        "-k",
        "ngettext:1,2",
        "--no-wrap",
        "--sort-by-file",
        "--omit-header",
        "-o",
        str(fresh),
        ".",
    ]
    subprocess.run([str(Path(sys.executable).parent / "pybabel"), *options], cwd=ROOT, check=True)
    kept = {entry.msgid for entry in polib.pofile(str(ROOT / "translations" / "messages.pot"))}
    assert {entry.msgid for entry in polib.pofile(str(fresh))} == kept, "run make translations"


def test_migrations_are_numbered_without_gaps():
    assert [f"{number:04d}" for number in range(1, len(VERSIONS) + 1)] == VERSIONS


def test_the_database_is_what_the_models_say(house):
    """On SQLite and PostgreSQL: nothing that a further migration would change."""
    with house.app_context(), db.engine.connect() as connection:
        options = {"include_object": lambda thing, name, kind, reflected, compared: not (name and ("_fts" in name or name.endswith("_search"))), "compare_type": False}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), Model.metadata)
    assert [change for change in differences if "alembic_version" not in str(change)] == []


def test_the_number_of_a_deleted_record_is_given_to_no_other(house, cast):
    """History, old addresses and what was merged are found by it. On SQLite every table of records has to say so itself."""
    partner = cast.partner()
    gone = cast.client(partner)
    with cast.writing() as session:
        session.delete(session.get(m.Client, gone.id))
    assert cast.client(partner).id > gone.id
    with house.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            said = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'")).scalars().all()
            records = {mapper.local_table.name for mapper in Model.registry.mappers if issubclass(mapper.class_, Record | m.User)}
            assert records - set(said) == set(), "a migration that makes a table, or makes it anew, says sqlite_autoincrement"


def test_a_mail_that_waited_before_there_were_jobs_gets_one(house, cast):
    facts = {"notice": "invitation", "language": "fr", "subject": "S", "text": "T", "html": "H"}
    for number, state in enumerate(("queued", "failed", "sent", "deferred")):
        cast.add(m.Mail(**facts, message_id=f"<{number}@house.example>", recipient="somebody@example.org", status=m.MailStatus(state)))
    with house.app_context():
        downgrade(revision="0017")
        upgrade()
    keys = cast.read(lambda session: sorted((job.key, job.facts["message_id"]) for job in session.query(m.Job)))
    assert keys == [(key, key) for key in ("<0@house.example>", "<1@house.example>", "<3@house.example>")]
    assert [mail.status.value for mail in cast.mails()] == ["queued", "queued", "sent", "queued"]


def test_a_request_to_take_data_elsewhere_is_one_for_access_where_there_was_no_such_kind(house, cast):
    client = cast.client(cast.partner())
    cast.add(m.DataRequest(client_id=client.id, kind=m.RequestKind.PORTABILITY, text="x"))
    with house.app_context():
        downgrade(revision="0032")
        upgrade()
    assert cast.read(lambda session: [request.kind for request in session.query(m.DataRequest)]) == [m.RequestKind.ACCESS]
    gone = cast.add(m.DataRequest(client_id=client.id, kind=m.RequestKind.PORTABILITY, text="x"))
    with cast.writing() as session:
        session.delete(session.get(m.DataRequest, gone.id))
    with house.app_context():
        for version in ("0032", "0031"):
            downgrade(revision=version)
            upgrade()
    assert cast.add(m.DataRequest(client_id=client.id, kind=m.RequestKind.ACCESS, text="x")).id > gone.id, "its number is not given again"


@pytest.mark.slow
def test_migrations_go_back_and_forth_with_data_in_them(house, cast):
    from tests.trust.world import build

    ours, _theirs, _shared = build(cast)
    with house.app_context():
        with db.engine.connect() as connection:
            people = connection.execute(text("SELECT count(*) FROM ab_user")).scalar()
        for version in reversed(VERSIONS[:-1]):
            downgrade(revision=version)
        upgrade()
        with db.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM ab_user")).scalar() == people  # the first tables were never dropped
            assert connection.execute(text("SELECT count(*) FROM client")).scalar() == 0
        downgrade(revision="base")
        upgrade()
    assert ours

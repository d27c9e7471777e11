"""Eight processes start at once on an empty database, twenty times over, on each database."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from app import create_app
from app.services import preparation
from tests.conftest import TestConfig
from tests.databases import KINDS, PostgresCopies

ROUNDS, PROCESSES = 20, 8


def start(url: str, folder: str, answers: multiprocessing.Queue) -> None:
    """What `flask prepare` does, in a process of its own."""
    try:
        app = create_app(TestConfig, SQLALCHEMY_DATABASE_URI=url, INSTANCE=folder)
        with app.app_context():
            preparation.prepare()
        answers.put("")
    except BaseException as error:
        answers.put(repr(error))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_eight_processes_may_start_at_once(kind, request, tmp_path: Path):
    context = multiprocessing.get_context("fork")
    failures = []
    for number in range(ROUNDS):
        folder = tmp_path / str(number)
        folder.mkdir()
        copies = PostgresCopies(request.getfixturevalue("postgres"), f"first_{number}") if kind == "postgresql" else None
        url = copies.url if copies else f"sqlite:///{folder / 'house.db'}"
        answers = context.Queue()
        processes = [context.Process(target=start, args=(url, str(folder), answers)) for _each in range(PROCESSES)]
        for process in processes:
            process.start()
        failures += [answer for _each in processes if (answer := answers.get(timeout=120))]
        for process in processes:
            process.join()
        check = create_engine(url)
        with check.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM ab_role")).scalar() == 5
            assert connection.execute(text("SELECT count(*) FROM history_head")).scalar() == 1
        check.dispose()
        if copies:
            copies.run(f'DROP DATABASE "{copies.name}" WITH (FORCE)')
            copies.close()
    print(f"\nfirst starts on {kind}: {ROUNDS * PROCESSES}, failed: {len(failures)}")
    assert failures == []

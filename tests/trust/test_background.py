"""Faults of the work in the background: workers killed at random points, on each database. The figures are TRUST.md's."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from app import create_app, models as m
from app.extensions import let_go
from app.services import jobs, workers
from tests.conftest import TestConfig

MAILS, KILLS, LEASE = 120, 12, 1.0


def toil(url: str, folder: str) -> None:
    """What `flask work` does, in a process of its own; each letter takes a moment, and each that leaves is noted in a file."""
    from app.connectors import mail as connector

    app = create_app(TestConfig, SQLALCHEMY_DATABASE_URI=url, INSTANCE=folder, MAIL_FOLDER=f"{folder}/mails", FILE_FOLDER=f"{folder}/files")
    jobs.KINDS["send_mail"] = replace(jobs.KINDS["send_mail"], lease=timedelta(seconds=LEASE))
    sends = connector.chosen.send

    def slowly(letter: connector.Letter) -> None:
        time.sleep(0.02)
        sends(letter)
        with open(f"{folder}/left.txt", "a") as left:
            left.write(f"{letter.message_id}\n")

    connector.chosen.send = slowly
    workers.Workers(app).start()
    time.sleep(600)


@pytest.mark.slow
def test_a_worker_that_is_killed_again_and_again_loses_no_mail_and_doubles_none(house, cast, tmp_path: Path):
    with cast.writing() as session, house.test_request_context("/"):
        from app.services import notices

        for number in range(MAILS):
            notices.address_already_known(session, f"somebody{number}@example.org", "Camille", "fr")
    with house.app_context():
        let_go()
    context, chance = multiprocessing.get_context("fork"), random.Random(7)
    cut_off = 0
    for _kill in range(KILLS):
        worker = context.Process(target=toil, args=(house.config["SQLALCHEMY_DATABASE_URI"], str(tmp_path)))
        worker.start()
        until = time.monotonic() + 30
        while not cast.count(m.Job, m.Job.state == m.JobState.RUNNING, m.Job.lease_until > m.now()) and time.monotonic() < until:
            time.sleep(0.02)  # it takes a moment to start
        time.sleep(chance.random() * 0.6)
        worker.kill()
        worker.join()
        cut_off += cast.count(m.Job, m.Job.state == m.JobState.RUNNING)
    worker = context.Process(target=toil, args=(house.config["SQLALCHEMY_DATABASE_URI"], str(tmp_path)))
    started = time.monotonic()
    worker.start()
    try:
        while cast.count(m.Job, m.Job.state != m.JobState.DONE) and time.monotonic() - started < 60:
            time.sleep(0.3)
            with cast.writing() as session:  # a job that two workers did not survive waits a minute: here it passes at once
                session.execute(update(m.Job).where(m.Job.state == m.JobState.WAITING).values(run_at=m.now()))
    finally:
        worker.kill()
        worker.join()
    mails, left = cast.mails(), Counter((tmp_path / "left.txt").read_text().split())
    lost = sum(mail.status is not m.MailStatus.SENT or not left[mail.message_id] for mail in mails)
    repeated = sum(times - 1 for times in left.values())
    written = len(list((tmp_path / "mails").glob("*.eml")))
    print(
        f"\nworkers killed: {KILLS}, jobs cut off: {cut_off}, mails: {len(mails)}, lost: {lost}, letters of their own: {written}, repeated under their Message-ID: {repeated}"
    )
    assert lost == 0
    assert written == len(mails) == MAILS, "whatever was repeated is the same letter"
    assert repeated <= cut_off
    assert cut_off > 0, "nothing was ever cut off: the test has shown nothing"


@pytest.mark.slow
def test_a_job_cut_off_is_resumed_within_its_lease_and_two_seconds(house, cast, tmp_path: Path):
    with cast.writing() as session, house.test_request_context("/"):
        from app.services import notices

        notices.address_already_known(session, "somebody@example.org", "Camille", "fr")
    jobs.KINDS["send_mail"] = replace(before := jobs.KINDS["send_mail"], lease=timedelta(seconds=LEASE))
    try:
        with house.app_context():
            assert jobs.take("one that is killed") is not None
        cut = time.monotonic()
        at_work = workers.Workers(house)
        at_work.start()
        while cast.count(m.Job, m.Job.state != m.JobState.DONE) and time.monotonic() - cut < 20:
            time.sleep(0.02)
        took = time.monotonic() - cut
        at_work.stop()
    finally:
        jobs.KINDS["send_mail"] = before
    print(f"\na job whose worker was killed was done again after {took:.1f} s; its lease: {LEASE} s")
    assert took < LEASE + 2


@pytest.mark.parametrize("prepared", ["postgresql"], indirect=True, scope="session")
def test_workers_outlive_a_database_that_goes_away(house, cast, prepared, monkeypatch):
    """Every connection is cut under the workers, as a restart of PostgreSQL does; they are at work again afterwards."""
    from app.services import notices

    monkeypatch.setattr(workers, "FAULT_PAUSE", 0.2)
    at_work = workers.Workers(house)
    at_work.start()
    try:
        for _cut in range(5):
            time.sleep(0.3)
            _app, copies = prepared
            copies.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{copies.name}'")
        with house.app_context():
            let_go()
        with cast.writing() as session, house.test_request_context("/"):
            notices.address_already_known(session, "somebody@example.org", "Camille", "fr")
        for _look in range(100):
            if cast.count(m.Mail, m.Mail.status == m.MailStatus.SENT):
                break
            time.sleep(0.1)
    finally:
        at_work.stop()
    assert cast.count(m.Mail, m.Mail.status == m.MailStatus.SENT) == 1

"""Processes killed while agreements are signed: each agreement is signed whole or not at all, and what is left over is swept."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from app import create_app, models as m
from app.extensions import db, let_go
from app.models import Model
from app.models.scope import SYSTEM, acting
from app.services import agreements, housekeeping, signing
from tests.conftest import TestConfig

AGREEMENTS, KILLS = 30, 10


def sign_on(url: str, folder: str) -> None:
    """Signs whatever waits, one after the other, in a process of its own."""
    app = create_app(TestConfig, SQLALCHEMY_DATABASE_URI=url, INSTANCE=folder, MAIL_FOLDER=f"{folder}/mails", FILE_FOLDER=f"{folder}/files")
    with app.test_request_context(), acting(db.session(), SYSTEM, "tests"):
        while True:
            waiting = db.session.scalars(select(m.Agreement.id).where(m.Agreement.status == m.AgreementStatus.TO_SIGN).order_by(m.Agreement.id)).all()
            for number in waiting:
                agreement = db.session.get_one(m.Agreement, number)
                partner = db.session.get_one(m.Partner, agreement.partner_id)
                sealed = signing.seal_of(agreement, partner, "A. Martin", "a@example.org", "192.0.2.1", "digest", None)
                db.session.rollback()
                signing.sign(number, sealed)
                db.session.commit()
            if not waiting:
                time.sleep(0.05)


def kept(house) -> set[str]:
    return {path.name for path in Path(house.config["FILE_FOLDER"]).rglob("*") if path.is_file() and len(path.name) == 40}


@pytest.mark.slow
def test_a_process_killed_while_it_signs_leaves_each_agreement_signed_whole_or_not_at_all(house, cast):
    for key in kept(house):
        (Path(house.config["FILE_FOLDER"]) / key[:2] / key).unlink()
    with house.test_request_context(), acting(db.session(), SYSTEM, "tests"):
        for _number in range(AGREEMENTS):
            agreements.offer(db.session.get_one(m.Partner, cast.partner(status=m.PartnerStatus.TO_SIGN).id), "fr")
            db.session.commit()
    with house.app_context():
        let_go()
    context, chance = multiprocessing.get_context("fork"), random.Random(11)
    arguments = (house.config["SQLALCHEMY_DATABASE_URI"], house.config["INSTANCE"])
    to_sign = m.Agreement.status == m.AgreementStatus.TO_SIGN
    cut_off = 0
    for turn in range(KILLS + 1):
        process = context.Process(target=sign_on, args=arguments)
        process.start()
        before, until = cast.count(m.Agreement, to_sign), time.monotonic() + 60
        while time.monotonic() < until and (cast.count(m.Agreement, to_sign) == before if turn < KILLS else cast.count(m.Agreement, to_sign)) and before:
            time.sleep(0.02)  # until it is at work; the last one until all is done
        time.sleep(chance.random() * 0.2 if turn < KILLS else 0.5)
        cut_off += bool(cast.count(m.Agreement, to_sign))
        process.kill()
        process.join()
    with house.test_request_context(), acting(db.session(), SYSTEM, "tests"):
        rows = db.session.scalars(select(m.Agreement)).all()
        whole = sum(signing.verify(b"".join(signing.files.read(row.newest_key))).binds for row in rows)
        once = sum(len(signing.verify(b"".join(signing.files.read(row.newest_key))).seals) == 1 for row in rows)
        named = {key for row in rows for key in (row.key, row.signed_key)}
    left = len(kept(house) - named)
    for path in Path(house.config["FILE_FOLDER"]).rglob("*"):
        os.utime(path, (time.time() - 2 * 86400,) * 2)
    with house.app_context():
        swept = housekeeping.put_away_files()
    print(
        f"\nprocesses killed while signing: {KILLS}, with work left {cut_off}; agreements {len(rows)}: whole {whole}, signed once {once}; files left over {left}, swept {swept}"
    )
    assert whole == once == len(rows) == AGREEMENTS
    assert (swept, kept(house)) == (left, named)
    assert cut_off > 0, "nothing was ever cut off: the test has shown nothing"


def test_every_column_that_names_a_kept_file_is_known_to_the_sweep():
    """A file that only an unknown column named would be swept away."""
    marked = {f"{table.name}.{column.name}" for table in Model.metadata.sorted_tables for column in table.columns if column.info.get("kind") == "file"}
    pictures = {"ab_user.photo", "partner.logo"}
    assert {f"{column.class_.__tablename__}.{column.key}" for column in housekeeping.NAMING} == marked | pictures
    named_so = {
        f"{table.name}.{column.name}" for table in Model.metadata.sorted_tables for column in table.columns if column.name in ("photo", "logo", "picture", "file")
    }
    assert named_so == pictures

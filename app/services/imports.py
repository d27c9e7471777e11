"""Files that staff bring in: kept line by line, passed over in pieces, forgotten after a while. What a line becomes is the
engine's question (views/base/importing.py), which asks the same form and the same rules as a person who types."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Import, ImportKind, ImportLine, ImportState, Outcome, fold, now
from app.services.refusals import RuleBroken
from app.services.tables import Table

KEPT_FOR = timedelta(days=30)
PIECE = 1_000
PASSES = {ImportState.CHECKING: ImportState.CHECKED, ImportState.RUNNING: ImportState.DONE, ImportState.UNDOING: ImportState.UNDONE}
WRITTEN = (Outcome.CREATED, Outcome.CHANGED)


def begin(kind: ImportKind, filename: str, table: Table, person_id: int, columns: dict[str, str]) -> Import:
    """Keeps a file that was read; nothing of it is written yet."""
    record = Import(kind=kind, filename=filename[:200], lines=len(table.lines), heads=table.heads, columns=columns, created_by_id=person_id)
    db.session.add(record)
    db.session.flush()
    rows = [{"import_id": record.id, "number": number, "cells": cells} for number, cells in table.lines]
    for start in range(0, len(rows), PIECE):
        db.session.execute(insert(ImportLine), rows[start : start + PIECE])
    return record


def discard(record: Import) -> None:
    """Lets a file go of which nothing has been written; raises RuleBroken for any other."""
    if record.state not in (ImportState.COLUMNS, ImportState.CHECKING, ImportState.CHECKED):
        raise RuleBroken(gettext("What has been written stays noted here for 30 days, so that it can be taken back."))
    db.session.delete(record)


def start(record: Import, state: ImportState) -> None:
    """Begins a pass over the lines from their beginning; raises RuleBroken where the file is not ready for it."""
    ready = {ImportState.CHECKING: (ImportState.COLUMNS, ImportState.CHECKED), ImportState.RUNNING: (ImportState.CHECKED,), ImportState.UNDOING: (ImportState.DONE,)}
    if record.state not in ready[state]:
        raise RuleBroken(gettext("This has been done already. Here is how far it is."))
    record.state, record.reached, record.passed = state, 0, 0
    if state is not ImportState.UNDOING:
        clean: dict[str, Any] = {"outcome": Outcome.WAITING, "reason": "", "key": None, "record_id": None, "record_name": "", "changes": {}, "record_version": None}
        db.session.execute(update(ImportLine).where(ImportLine.import_id == record.id).values(**clean))


def next_lines(record: Import, most: int) -> list[ImportLine]:
    """The lines after those that the present pass has done; it goes backwards when it takes back."""
    wanted = select(ImportLine).where(ImportLine.import_id == record.id)
    if record.state is ImportState.UNDOING:
        wanted = wanted.where(ImportLine.outcome.in_(WRITTEN))  # those that were taken back have another outcome
        return list(db.session.scalars(wanted.order_by(ImportLine.number.desc()).limit(most)))
    return list(db.session.scalars(wanted.where(ImportLine.number > record.reached).order_by(ImportLine.number).limit(most)))


def passed(record: Import, lines: list[int], all_of_them: bool) -> None:
    """Notes how far the pass has come; at its end the file is in its next state."""
    record.passed += len(lines)
    if lines:
        record.reached = lines[-1]
    if all_of_them:
        record.state = PASSES[record.state]


def to_do(record: Import) -> int:
    """How many lines the present pass has in all."""
    if record.state is not ImportState.UNDOING:
        return record.lines
    counts = counts_of(record)
    return record.passed + counts[Outcome.CREATED] + counts[Outcome.CHANGED]


def counts_of(record: Import) -> dict[Outcome, int]:
    rows = db.session.execute(select(ImportLine.outcome, func.count()).where(ImportLine.import_id == record.id).group_by(ImportLine.outcome))
    return dict.fromkeys(Outcome, 0) | {row[0]: row[1] for row in rows}


def lines_of(record: Import, *outcomes: Outcome, most: int = 50) -> list[ImportLine]:
    """The first lines, or the first of each of these outcomes, in one statement."""
    place = func.row_number().over(partition_by=ImportLine.outcome, order_by=ImportLine.number).label("place")
    ranked = select(ImportLine.number, place).where(ImportLine.import_id == record.id, ImportLine.outcome.in_(outcomes)).subquery()
    wanted = select(ImportLine).where(ImportLine.import_id == record.id)
    if outcomes:
        wanted = wanted.join(ranked, ranked.c.number == ImportLine.number).where(ranked.c.place <= most)
    return list(db.session.scalars(wanted.order_by(ImportLine.number).limit(most * max(len(outcomes), 1))))


def common_reasons(record: Import, outcomes: tuple[Outcome, ...]) -> list[tuple[str, int]]:
    """The reasons that stand on several lines, the most frequent first."""
    count = func.count().label("lines")
    wanted = select(ImportLine.reason, count).where(ImportLine.import_id == record.id, ImportLine.outcome.in_(outcomes)).group_by(ImportLine.reason)
    return [(reason, lines) for reason, lines in db.session.execute(wanted.having(count > 1).order_by(count.desc(), ImportLine.reason).limit(5))]


def will_be_there(line: ImportLine, name: str) -> bool:
    """Whether, while a file is checked, an earlier line of it brings a record of this name."""
    record = db.session.get(Import, line.import_id)
    if record is None or record.state is not ImportState.CHECKING:
        return False
    earlier = select(ImportLine.number).where(ImportLine.import_id == line.import_id, ImportLine.outcome == Outcome.CREATED, ImportLine.number < line.number)
    return db.session.scalar(earlier.where(func.lower(ImportLine.record_name).in_((name, name.lower()))).limit(1)) is not None


def digest_of(values: list[str]) -> str:
    return hashlib.sha256("\x00".join(fold(value) for value in values).encode()).hexdigest()


def same_before(line: ImportLine) -> int | None:
    """The number of an earlier line of the file that is about the same record."""
    earlier = select(func.min(ImportLine.number)).where(ImportLine.import_id == line.import_id, ImportLine.key == line.key, ImportLine.number < line.number)
    return db.session.scalar(earlier)


def refused_csv(record: Import, harmless: Callable[[str], str]) -> Iterator[str]:
    """The lines that were refused or could not be taken back, as they came, with the reason behind them."""
    written, last = io.StringIO(), 0
    writer = csv.writer(written, delimiter=";")
    writer.writerow([*map(harmless, record.heads), gettext("Reason")])
    yield "\ufeff"
    while True:
        wanted = select(ImportLine).where(ImportLine.import_id == record.id, ImportLine.outcome.in_((Outcome.REFUSED, Outcome.STAYS)), ImportLine.number > last)
        lines = list(db.session.scalars(wanted.order_by(ImportLine.number).limit(PIECE)))
        for line in lines:
            writer.writerow([*map(harmless, line.cells), harmless(line.reason)])
            last = line.number
        yield written.getvalue()
        written.seek(0)
        written.truncate()
        if len(lines) < PIECE:
            return


def sweep(session: Session) -> None:
    """Forgets files a month after they came: they are full of people's data. The records stay."""
    session.execute(delete(Import).where(Import.created_at < now() - KEPT_FOR))

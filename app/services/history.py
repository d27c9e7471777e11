"""History as the house reads it and, for bulk work, writes it. What it sees by itself: models/recorder.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Deed, History, HistoryHead, HistoryValues
from app.models.recorder import canonical, entry_of, link_digest
from app.models.scope import leave


@contextmanager
def because(reason: str) -> Iterator[None]:
    """Notes why, on every entry that is written inside."""
    db.session.info["reason"] = reason
    try:
        yield
        db.session.flush()
    finally:
        db.session.info.pop("reason", None)


@contextmanager
def bulk(session: Session, entity: str, facts: dict[str, Any], reason: str = "") -> Iterator[None]:
    """The one door for bulk statements on recorded tables: one entry says what was done to how many."""
    session.info["bulk"] = True
    try:
        yield
    finally:
        session.info.pop("bulk", None)
    leave(session, entry_of(session, Deed.BULK, entity, None, {key: [None, value] for key, value in facts.items()}, reason))


def of_record(entity: str, record_id: int, limit: int = 200) -> list[History]:
    """The newest entries of one record."""
    wanted = select(History).where(History.entity == entity, History.record_id == record_id).order_by(History.id.desc()).limit(limit)
    return list(db.session.scalars(wanted))


ERASED = "erased"  # what the entry of an erasure is about


def erase_values(session: Session, entity: str, record_id: int, reason: str | None = None) -> int:
    """Erases what a record's entries held (only those of one reason, if one is given), leaving the entries and their chain, and says so in
    the chain; returns how many."""
    ids = select(History.id).where(History.entity == entity, History.record_id == record_id)
    ids = ids if reason is None else ids.where(History.reason == reason)
    done: Any = session.execute(delete(HistoryValues).where(HistoryValues.history_id.in_(ids)))
    leave(session, entry_of(session, Deed.BULK, entity, record_id, {ERASED: [None, done.rowcount]}))
    return done.rowcount


def broken_places(session: Session) -> list[int]:
    """Walks the whole chain and returns the places at which it does not hold; empty when nothing was touched. Values may be
    missing only where an entry further on says that they were erased."""
    broken: list[int] = []
    empty: dict[int, tuple[str, int | None]] = {}
    erased: dict[tuple[str, int | None], int] = {}
    before, place = "", 0
    for entry in session.scalars(select(History).order_by(History.place).execution_options(yield_per=500)):
        place += 1
        if entry.values is None:
            empty[place] = (entry.entity, entry.record_id)
        elif entry.deed is Deed.BULK and ERASED in entry.values.changes:
            erased[entry.entity, entry.record_id] = place
        values_whole = entry.values is None or canonical(entry.values.changes, entry.values.salt) == entry.values_digest
        if entry.place != place or entry.digest != link_digest(before, place, entry) or not values_whole:
            broken.append(entry.place or place)
            place = entry.place or place
        before = entry.digest or ""
    head = session.get_one(HistoryHead, 1)
    if (head.place, head.digest) != (place, before):
        broken.append(head.place)
    return sorted({*broken, *(at for at, record in empty.items() if erased.get(record, 0) <= at)})

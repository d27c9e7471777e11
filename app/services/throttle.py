"""Slowing down whoever tries too often: wrong passwords, and mails asked for. Counted in the database, for all workers.

Nobody can be locked out by a stranger: what others do from elsewhere slows one's own sign-in by half a minute at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import case, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import Attempt, now
from app.services.refusals import RuleBroken

FORGOTTEN_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class Brake:
    """What is counted together, how many tries are free, and how long the wait can become."""

    key: str
    free: int
    longest: timedelta

    def wait(self, attempt: Attempt | None) -> timedelta:
        """How much longer to wait before the next try."""
        if attempt is None or attempt.failures < self.free or attempt.last_at < now() - FORGOTTEN_AFTER:
            return timedelta()
        return attempt.last_at + min(timedelta(seconds=2 ** min(attempt.failures - self.free + 1, 20)), self.longest) - now()


def refuse_haste(session: Session, brakes: list[Brake]) -> None:
    """Raises RuleBroken while one of the brakes is on."""
    for brake in brakes:
        wait = brake.wait(session.get(Attempt, brake.key))
        if wait > timedelta():
            raise RuleBroken(_("Too many attempts. Please try again in %(seconds)s seconds.", seconds=int(wait.total_seconds()) + 1))


def note(session: Session, brakes: list[Brake]) -> None:
    """Counts one try. In one statement per key, so that two workers do not count one try for two."""
    fresh = Attempt.last_at < now() - FORGOTTEN_AFTER
    for brake in sorted(brakes, key=lambda each: each.key):
        count = update(Attempt).where(Attempt.key == brake.key).values(failures=case((fresh, 1), else_=Attempt.failures + 1), last_at=now())
        counted: Any = session.execute(count)
        if counted.rowcount:
            continue
        try:
            with session.begin_nested():
                session.add(Attempt(key=brake.key, failures=1, last_at=now()))
        except IntegrityError:  # another worker has just begun this count
            session.execute(count)


def admit(session: Session, brakes: list[Brake]) -> None:
    """Counts a try that is about to be made, or raises RuleBroken while one of the brakes is on. The counts are held until the end of
    the transaction, so that of many tries at once each sees those before it."""
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert
    held = []
    for brake in sorted(brakes, key=lambda each: each.key):
        session.execute(insert(Attempt).values(key=brake.key, failures=0, last_at=now()).on_conflict_do_nothing())
        attempt = session.get(Attempt, brake.key, with_for_update=True, populate_existing=True)
        wait = brake.wait(attempt)
        if wait > timedelta():
            session.rollback()
            raise RuleBroken(_("Too many attempts. Please try again in %(seconds)s seconds.", seconds=int(wait.total_seconds()) + 1))
        held.append(attempt)
    for attempt in held:
        if attempt is not None:
            attempt.failures = 1 if attempt.last_at < now() - FORGOTTEN_AFTER else attempt.failures + 1
            attempt.last_at = now()
    session.flush()


def release(session: Session, brakes: list[Brake]) -> None:
    """The try was a good one: the account's count ends, and the address's own is one less."""
    forget(session, brakes[:2])
    session.execute(update(Attempt).where(Attempt.key == brakes[-1].key, Attempt.failures > 0).values(failures=Attempt.failures - 1))


def forget(session: Session, brakes: list[Brake]) -> None:
    session.execute(update(Attempt).where(Attempt.key.in_([brake.key for brake in brakes])).values(failures=0))


def sweep(session: Session) -> None:
    """Lets go of counts that hold nobody up any more."""
    session.execute(delete(Attempt).where(Attempt.last_at < now() - FORGOTTEN_AFTER))

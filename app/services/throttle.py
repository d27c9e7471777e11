"""Slowing down whoever tries too often: wrong passwords, and mails asked for. Counted in the database, for all workers.

Nobody can be locked out by a stranger: what others do from elsewhere slows one's own sign-in by half a minute at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import case, update
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


def forget(session: Session, brakes: list[Brake]) -> None:
    session.execute(update(Attempt).where(Attempt.key.in_([brake.key for brake in brakes])).values(failures=0))

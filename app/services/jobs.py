"""The queue of background work: putting a job in, taking its lease, renewing and settling it, trying again later, setting aside.

A handler is marked with `kind()` and gets a Run. What it does in the database is committed together with `run.settle(session)`,
so that its work and the word that it is done are one; whatever it does outside must bear being done twice."""

from __future__ import annotations

import os
import re
import secrets
import socket
import threading
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import current_app
from flask_babel import LazyString, lazy_gettext as _
from sqlalchemy import ColumnElement, String, and_, delete, event, literal_column, or_, select, update
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Choice, Job, JobState, Lane, now
from app.models.base import encodable
from app.models.scope import leave
from app.services.crossings import crossing
from app.services.refusals import RuleBroken

FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=30), timedelta(hours=1)
KEPT_FOR = timedelta(days=90)  # what is done; longer than any schedule's slots are looked back on
MOST_LOST = 5  # workers that stop in the middle of one job before it is set aside
LANES = tuple(Lane)


class Fenced(Exception):
    """Somebody else holds the lease by now: nothing more may be written for this job."""


class GiveUp(Exception):
    """Trying again would not help; the sentence says why."""


@dataclass(frozen=True)
class Kind:
    """How one kind of work is done. `lease` is how long it may go on without a word; `most_tries` before it is set aside."""

    name: str
    title: LazyString
    work: Callable[[Run], None]
    lane: Lane
    most_tries: int
    lease: timedelta
    ended: Callable[[Session, Job], None] | None = None  # follows in the same transaction when it is given up or dropped


KINDS: dict[str, Kind] = {}


def kind(
    name: str,
    title: LazyString,
    lane: Lane = Lane.QUICK,
    most_tries: int = 8,
    lease: timedelta = timedelta(seconds=60),
    ended: Callable[[Session, Job], None] | None = None,
) -> Callable[..., Any]:
    """Marks a function as the way a kind of job is done."""

    def mark(work: Callable[[Run], None]) -> Callable[[Run], None]:
        KINDS[name] = Kind(name, title, work, lane, most_tries, lease, ended)
        return work

    return mark


@dataclass
class Run:
    """One try at a job, as its handler sees it."""

    job_id: int
    fence: int
    tries: int
    kind: Kind
    facts: dict[str, Any]
    done: int = 0  # steps, when an earlier try has got so far
    settled: bool = False
    heard: Callable[[], None] = field(default=lambda: None)  # told whenever the lease has been renewed

    def settle(self, session: Session) -> None:
        """Says in the handler's own transaction that the job is done; raises Fenced when it is no longer this worker's."""
        self.write(session, state=JobState.DONE, finished_at=now(), lease_until=None, worker=None, error="")
        self.settled = True

    def put_off(self, session: Session, error: str) -> None:
        """Says in the handler's own transaction that the job is to be tried again later, or set aside after its last try."""
        postpone(self, session, error, for_good=False)
        self.settled = True

    def renew(self, done: int | None = None, total: int | None = None) -> None:
        """Holds the lease for longer, and says how far the work is; raises Fenced. Between transactions of the handler, never
        within one: it writes in one of its own."""
        self.done = self.done if done is None else done
        steps = {name: value for name, value in (("done", done), ("total", total)) if value is not None}
        with crossing(reading=False) as session:
            self.write(session, lease_until=now() + self.kind.lease, **steps)
            session.commit()
        self.heard()

    def write(self, session: Session, **values: Any) -> None:
        mine = update(Job).where(Job.id == self.job_id, Job.fence == self.fence, Job.state == JobState.RUNNING)
        written = session.execute(mine.values(updated_at=now(), version=Job.version + 1, **values).execution_options(synchronize_session=False))
        if written.rowcount != 1:  # type: ignore[attr-defined]
            raise Fenced


# --- putting in -----------------------------------------------------------------------------------


def enqueue(name: str, facts: dict[str, Any], subject: str = "", session: Session | None = None, wait: timedelta = timedelta(), key: str | None = None) -> Job:
    """Puts a job into the current transaction: it comes to be with its cause, or not at all."""
    job = Job(**columns_of(KINDS[name], facts, subject), run_at=now() + wait, key=key)
    leave(session or db.session(), job)
    return job


def columns_of(known: Kind, facts: dict[str, Any], subject: str = "") -> dict[str, Any]:
    return {"kind": known.name, "title_text": known.title._args[0], "subject": subject[:200], "facts": facts, "lane": known.lane}


# Workers of this process wake up as soon as a job has been committed; those of other processes within a second.
bell = threading.Condition()


@event.listens_for(Session, "before_commit", insert=True)  # before what waits is written and forgotten
def notice_jobs(session: Session) -> None:
    if not session.in_nested_transaction() and any(isinstance(record, Job) for record in session.info.get("outgoing", [])):
        session.info["jobs_left"] = True


@event.listens_for(Session, "after_commit")
def ring(session: Session) -> None:
    if session.info.pop("jobs_left", False):
        with bell:
            bell.notify_all()


# --- taking and settling --------------------------------------------------------------------------


def this_worker() -> str:
    """A name no other worker has, which staff can still read."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{threading.current_thread().name[:20]}:{secrets.token_hex(4)}"


def said(value: Choice) -> ColumnElement[str]:
    """A value that stands in the statement itself: PostgreSQL plans by how few rows have it, and not for the average one."""
    return literal_column(f"'{value.value}'", String)


def due(lanes: Iterable[Lane]) -> Any:
    """Jobs of kinds known here whose time has come, and those whose worker has not been heard of. One of a kind that only a newer
    process knows is left to that."""
    moment = now()
    waiting = and_(Job.state == said(JobState.WAITING), Job.run_at <= moment)
    forsaken = and_(Job.state == said(JobState.RUNNING), Job.lease_until < moment)
    return and_(or_(waiting, forsaken), Job.lane.in_([said(lane) for lane in lanes]), Job.kind.in_(list(KINDS)))


def take(worker: str, lanes: Iterable[Lane] = LANES) -> Run | None:
    """Takes the lease of the job that has waited longest, if there is one."""
    lanes = tuple(lanes)
    with crossing() as session:  # most looks find nothing, and looking holds up nobody
        if session.scalar(select(Job.id).where(due(lanes)).limit(1)) is None:
            return None
    with crossing(reading=False) as session:
        while (job := session.scalar(select(Job).where(due(lanes)).order_by(Job.run_at, Job.id).limit(1).with_for_update(skip_locked=True))) is not None:
            run = begin(session, job, worker)
            session.commit()
            if run is not None:
                return run
    return None


def begin(session: Session, job: Job, worker: str) -> Run | None:
    """Gives a job to a worker. One that has outlived several is no longer given at once, and in the end not at all."""
    known = KINDS[job.kind]
    job.fence += 1
    if job.state is JobState.RUNNING:
        job.lost += 1
        job.error = "its worker stopped in the middle, or took longer than its lease"
        if job.lost > MOST_LOST:
            end(session, job, JobState.DEAD)
            return None
        if job.lost > 1:
            job.state, job.run_at, job.lease_until, job.worker = JobState.WAITING, now() + delay_after(job.lost), None, None
            return None
    job.tries += 1
    job.state, job.worker, job.lease_until = JobState.RUNNING, worker, now() + known.lease
    return Run(job.id, job.fence, job.tries, known, dict(job.facts), job.done)


def end(session: Session, job: Job, state: JobState) -> None:
    """A job that will not be done: what depends on it is told in the same transaction."""
    job.state, job.finished_at, job.lease_until, job.worker = state, now(), None, None
    known = KINDS.get(job.kind)
    if known is not None and known.ended is not None:
        known.ended(session, job)


def perform(run: Run) -> None:
    """Does a job whose lease is held: it ends done, waiting for its next try, or set aside."""
    try:
        run.kind.work(run)
        if not run.settled:
            with crossing(reading=False) as session:
                run.settle(session)
                session.commit()
    except Fenced:
        current_app.logger.warning("job %s went on under another worker", run.job_id)
    except BaseException as error:  # a handler that wants to end the whole process is one that failed
        db.session.rollback()
        words = told(error)
        where = "" if isinstance(error, GiveUp) else "".join(traceback.format_tb(error.__traceback__))  # without the error's own words, which may hold a secret
        current_app.logger.warning("job %s (%s), try %s: %s\n%s", run.job_id, run.kind.name, run.tries, words, where)
        with crossing(reading=False) as session, suppress(Fenced):
            postpone(run, session, words, for_good=isinstance(error, GiveUp))
            session.commit()
    finally:
        db.session.remove()


def postpone(run: Run, session: Session, error: str, for_good: bool) -> None:
    """After a fault: again later, each time later than before; or set aside for staff to look at. Raises Fenced."""
    words = error[:500]
    if not for_good and run.tries < run.kind.most_tries:
        run.write(session, state=JobState.WAITING, run_at=now() + delay_after(run.tries), error=words, lease_until=None, worker=None)
        return
    run.write(session, error=words)
    end(session, session.get_one(Job, run.job_id, populate_existing=True), JobState.DEAD)


def told(error: BaseException) -> str:
    """An error as it may be kept and logged."""
    words = without_secrets(encodable(str(error)))[:500]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


SECRETS = re.compile(r"(https?://\S*?/)[0-9A-Za-z_\-]{16,}|(?<![0-9])[0-9]{6}(?![0-9])")


def without_secrets(text: str) -> str:
    """A text that staff may read: without what opens a door, one-time links and codes."""
    return SECRETS.sub(lambda found: f"{found[1] or ''}…", text)


def delay_after(tries: int) -> timedelta:
    """30 s, 1 min, 2 min … up to an hour."""
    return min(FIRST_DELAY * 2 ** min(tries - 1, 20), LONGEST_DELAY)


def work_off(worker: str = "", lanes: Iterable[Lane] = LANES, most: int = 1_000) -> int:
    """Does what is due now, one after the other; how many tries that took."""
    worker = worker or this_worker()
    for number in range(most):
        run = take(worker, lanes)
        if run is None:
            return number
        perform(run)
    return most


# --- staff ----------------------------------------------------------------------------------------


def try_again(job: Job) -> None:
    """A job that was set aside, or waits for its next try, is due at once and has all its tries again."""
    if job.state not in (JobState.DEAD, JobState.WAITING, JobState.DROPPED):
        raise RuleBroken(_("This job is under way or done."))
    job.state, job.tries, job.lost, job.run_at, job.finished_at = JobState.WAITING, 0, 0, now(), None


def drop(job: Job) -> None:
    """The job will not be done; it stays in the list."""
    if job.state not in (JobState.DEAD, JobState.WAITING):
        raise RuleBroken(_("This job is under way or done."))
    end(db.session(), job, JobState.DROPPED)


def unfinished(session: Session, name: str, key: str) -> Job | None:
    """The job of this kind about this key that is still to be done, or was set aside."""
    wanted = select(Job).where(Job.kind == name, Job.key == key, Job.state.in_((JobState.WAITING, JobState.RUNNING, JobState.DEAD)))
    return session.scalar(wanted.order_by(Job.id.desc()).limit(1))


def sweep(session: Session) -> None:
    """Forgets jobs that were done or dropped long ago."""
    session.execute(delete(Job).where(Job.state.in_((JobState.DONE, JobState.DROPPED)), Job.finished_at < now() - KEPT_FOR))

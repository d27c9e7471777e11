"""Work that goes on in the background: a job is a row written in the same transaction as its cause, and done by whichever worker
takes its lease. docs/decisions/0013-jobs.md."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext, lazy_gettext as _
from sqlalchemy import JSON, CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import STAFF, Choice, Moment, Record, choice_of, field, now


class Lane(Choice):
    """Workers keep to a lane, so that long work never holds up what somebody waits for."""

    QUICK = "quick", _("Quick")
    LONG = "long", _("Long")


class JobState(Choice):
    WAITING = "waiting", _("Waiting"), "quiet"
    RUNNING = "running", _("Under way"), "warn"
    DONE = "done", _("Done"), "good"
    DEAD = "dead", _("Set aside"), "bad"
    DROPPED = "dropped", _("Dropped"), "quiet"


class Job(Record):
    """One piece of work. Whoever works on it holds its lease under the number `fence`; one whose lease ran out has another number
    than the row and can write nothing more."""

    __tablename__ = "job"
    title, plural = _("Job"), _("Background work")
    labelled = ("title_text",)
    scope, recorded = STAFF, False
    __table_args__ = (
        UniqueConstraint("kind", "slot"),  # a schedule's run comes once, however many workers think of it
        Index("ix_job_due", "state", "lane", "run_at", "id"),
        CheckConstraint("tries >= 0", name="tries_not_negative"),
    )

    kind: Mapped[str] = mapped_column(String(60))
    key: Mapped[str | None] = mapped_column(String(200), index=True)  # what it is about, to find the job again
    title_text: Mapped[str] = field(_("Work"), String(120), kind="sentence")  # in English, shown in the reader's language
    subject: Mapped[str] = field(_("About"), String(200), default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    lane: Mapped[Lane] = field(_("Lane"), choice_of(Lane), default=Lane.QUICK)
    state: Mapped[JobState] = field(_("State"), choice_of(JobState, "jobstate"), default=JobState.WAITING)
    run_at: Mapped[datetime] = field(_("Not before"), Moment, default=now)
    tries: Mapped[int] = field(_("Tries"), default=0)
    done: Mapped[int] = field(_("Steps done"), default=0)
    total: Mapped[int] = field(_("Steps in all"), default=0)
    error: Mapped[str] = field(_("What went wrong"), Text, default="", kind="text")
    worker: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[datetime | None] = mapped_column(Moment)
    fence: Mapped[int] = mapped_column(default=0)
    lost: Mapped[int] = mapped_column(default=0)  # how many workers have stopped in the middle of it
    finished_at: Mapped[datetime | None] = field(_("Finished on"), Moment)
    slot: Mapped[str | None] = mapped_column(String(40))  # the day that a schedule's run is for

    def __str__(self) -> str:
        return gettext(self.title_text)

"""What the house does by itself on certain days: each run is a job with the day as its slot, so that none is missed and none
comes twice, whatever clocks and workers do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.models import Job, now
from app.models.base import HOUSE_ZONE
from app.services import jobs
from app.services.crossings import crossing

LOOKED_BACK = timedelta(days=60)  # a house that slept longer than that starts anew


@dataclass(frozen=True)
class Daily:
    """Every day at an hour of the house's own clock; not between two and three, which some days do not have."""

    kind: str
    at: time


SCHEDULES: list[Daily] = []


def daily(kind: str, at: time) -> None:
    SCHEDULES.append(Daily(kind, at))


def moment_of(schedule: Daily, day: date) -> datetime:
    return datetime.combine(day, schedule.at, HOUSE_ZONE)


def days_due(schedule: Daily, last: date | None, moment: datetime) -> Iterator[date]:
    """The days whose run is due and not yet there; for a schedule that never ran, only today."""
    today = moment.astimezone(HOUSE_ZONE).date()
    day = today if last is None else max(last + timedelta(days=1), today - LOOKED_BACK)
    while day <= today:
        if moment_of(schedule, day) <= moment:
            yield day
        day += timedelta(days=1)


def tick() -> None:
    """Puts in the runs that are due. Any number of workers may do so at once."""
    moment = now()
    with crossing() as session:
        until_today = Job.slot <= moment.astimezone(HOUSE_ZONE).date().isoformat()  # a clock that once ran ahead holds up nothing
        last = {kind: date.fromisoformat(slot) for kind, slot in session.execute(select(Job.kind, func.max(Job.slot)).where(until_today).group_by(Job.kind)) if slot}
    wanted = [(schedule, day) for schedule in SCHEDULES for day in days_due(schedule, last.get(schedule.kind), moment)]
    if not wanted:
        return
    with crossing(reading=False) as session:
        insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert
        rows = [jobs.columns_of(jobs.KINDS[schedule.kind], {"day": day.isoformat()}) | {"slot": day.isoformat(), "run_at": moment} for schedule, day in wanted]
        session.execute(insert(Job).values(rows).on_conflict_do_nothing(index_elements=["kind", "slot"]).execution_options(outside_walls=True))
        session.commit()
    with jobs.bell:
        jobs.bell.notify_all()

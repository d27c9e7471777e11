"""The queue of background work, on both databases: taken once, tried again, set aside, scheduled without a gap."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from flask_babel import lazy_gettext as _

from app import models as m
from app.extensions import db
from app.models.scope import SYSTEM, acting
from app.services import jobs, schedules, workers
from app.services.crossings import crossing


@pytest.fixture
def kinds(monkeypatch) -> Iterator[dict]:
    """The kinds of job, to which a test adds its own."""
    monkeypatch.setattr(jobs, "KINDS", dict(jobs.KINDS))
    return jobs.KINDS


@pytest.fixture
def put(house, cast, kinds):
    """Puts a job in, done by `work`; returns its number."""

    def make(work, name="test", lane=m.Lane.QUICK, most_tries=3, lease=60.0, facts=None):
        kinds[name] = jobs.Kind(name, _("Send an e-mail"), work, lane, most_tries, timedelta(seconds=lease))
        with cast.writing() as session:
            job = jobs.enqueue(name, facts or {}, session=session)
        return job.id

    return make


def state(cast, number):
    return cast.get(m.Job, number).state


def test_a_job_comes_with_its_cause_or_not_at_all(house, cast, kinds):
    with house.app_context(), acting(db.session(), SYSTEM, "tests"):
        jobs.enqueue("send_mail", {"message_id": "x"})
        db.session.rollback()
    assert cast.count(m.Job) == 0
    with cast.writing() as session:
        jobs.enqueue("send_mail", {"message_id": "x"}, session=session)
    assert cast.count(m.Job) == 1


def test_a_job_that_raises_is_tried_again_later_each_time_and_then_set_aside(house, cast, put):
    def fails(run):
        raise ValueError("the other side is away")

    number, good = put(fails), []
    put(lambda run: good.append(run.job_id), "good")
    waits = []
    with time_machine.travel(datetime(2026, 11, 22, 12, 0, tzinfo=UTC), tick=False) as clock, house.app_context():
        with cast.writing() as session:
            for job in session.query(m.Job):
                job.run_at = m.now()
        for _try in range(3):
            assert jobs.work_off() >= 1
            job = cast.get(m.Job, number)
            waits.append((job.state, job.run_at - m.now()))
            assert jobs.work_off() == 0, "not before its time"
            clock.move_to(max(job.run_at, m.now()))
    assert waits[0] == (m.JobState.WAITING, timedelta(seconds=30))
    assert waits[1] == (m.JobState.WAITING, timedelta(seconds=60))
    assert waits[2][0] is m.JobState.DEAD
    assert cast.get(m.Job, number).error == "ValueError: the other side is away"
    assert len(good) == 1, "the others are not held up"


def test_the_wait_grows_to_an_hour_and_no_further():
    assert [jobs.delay_after(tries).total_seconds() for tries in (1, 2, 3, 7, 8, 90)] == [30, 60, 120, 1920, 3600, 3600]


def test_of_two_workers_one_takes_a_job(house, cast, put):
    for _number in range(20):
        put(lambda run: None)
    taken: list[int] = []

    def take() -> None:
        with house.app_context():
            while (run := jobs.take(jobs.this_worker())) is not None:
                taken.append(run.job_id)

    threads = [threading.Thread(target=take) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 20


def test_whoever_lost_the_lease_writes_nothing_more(house, cast, put):
    partner = cast.partner(city="Gap")

    def work(run, city):
        with crossing(reading=False) as session:
            session.get_one(m.Partner, partner.id).city = city
            run.settle(session)
            session.commit()

    number = put(lambda run: None, lease=30)
    with house.app_context():
        with time_machine.travel(datetime(2027, 1, 1, 12, 0, tzinfo=UTC), tick=False) as clock:
            first = jobs.take("first")
            assert jobs.take("second") is None
            clock.shift(31)
            second = jobs.take("second")
        assert (first.job_id, second.job_id) == (number, number)
        with pytest.raises(jobs.Fenced):
            work(first, "Lyon")
        with pytest.raises(jobs.Fenced):
            first.renew()
        assert cast.get(m.Partner, partner.id).city == "Gap"
        work(second, "Annecy")
    assert cast.get(m.Partner, partner.id).city == "Annecy"
    assert state(cast, number) is m.JobState.DONE


def test_a_renewed_lease_is_kept_and_says_how_far_the_work_is(house, cast, put):
    number = put(lambda run: None, lease=30)
    with house.app_context(), time_machine.travel(datetime(2027, 1, 1, 12, 0, tzinfo=UTC), tick=False) as clock:
        run = jobs.take("first")
        clock.shift(20)
        run.renew(3, 10)
        clock.shift(20)
        assert jobs.take("second") is None
    job = cast.get(m.Job, number)
    assert (job.done, job.total) == (3, 10)


def test_a_job_whose_worker_stops_each_time_is_set_aside(house, cast, put):
    number, good = put(lambda run: None, lease=30, most_tries=100), []
    waits = []
    with house.app_context(), time_machine.travel(datetime(2027, 1, 1, 12, 0, tzinfo=UTC), tick=False) as clock:
        for _stop in range(20):
            if jobs.take("one that is killed") is not None:
                clock.shift(31)
            elif state(cast, number) is m.JobState.DEAD:
                break
            else:
                waits.append((cast.get(m.Job, number).run_at - m.now()).total_seconds())
                clock.shift(waits[-1])
        later = put(lambda run: good.append(1), "good")
        with cast.writing() as session:
            session.get_one(m.Job, later).run_at = m.now()
        assert jobs.work_off() == 1
    job = cast.get(m.Job, number)
    assert (job.state, job.lost) == (m.JobState.DEAD, jobs.MOST_LOST + 1)
    assert job.finished_at is not None
    assert "took longer than its lease" in job.error
    assert waits == [60, 120, 240, 480], "each time later than before"
    assert good == [1]


def test_a_kind_that_only_a_newer_process_knows_is_left_to_it(house, cast, put):
    number, good = put(lambda run: None, "new_kind"), []
    put(lambda run: good.append(1), "good")
    known = jobs.KINDS.pop("new_kind")
    with house.app_context():
        assert jobs.work_off() == 1
        assert good == [1]
        assert state(cast, number) is m.JobState.WAITING
        jobs.KINDS["new_kind"] = known
        jobs.work_off()
    assert state(cast, number) is m.JobState.DONE


def test_an_error_is_kept_without_secrets_and_whatever_its_letters(house, cast, put):
    def fails(run):
        raise OSError("caf\udce9\x00.csv: https://maison.example/partner/confirm/AbCdEf0123456789xyz said 482913")

    number = put(fails)
    with house.app_context():
        jobs.work_off()
    job = cast.get(m.Job, number)
    assert job.state is m.JobState.WAITING
    assert job.error == "OSError: caf.csv: https://maison.example/partner/confirm/… said …"


def test_a_handler_that_ends_the_process_and_a_hand_that_is_gone_are_survived(house, cast, put, monkeypatch):
    def ends(run):
        raise SystemExit(1)

    first = put(ends, most_tries=1)
    at_work, done = workers.Workers(house, (m.Lane.QUICK,)), []
    monkeypatch.setattr(workers, "PAUSE", 0.1)
    at_work.start()
    try:
        for hand in at_work.hands:  # as if their threads had died
            hand.left_behind = True
        refused = iter([RuntimeError("can't start new thread")] * 2)
        hires = at_work.hire

        def hire(lane):
            if (fault := next(refused, None)) is not None:
                raise fault
            return hires(lane)

        monkeypatch.setattr(at_work, "hire", hire)
        put(lambda run: done.append(1), "good")
        for _look in range(100):
            if done and state(cast, first) is m.JobState.DEAD:
                break
            threading.Event().wait(0.1)
    finally:
        at_work.stop()
    assert done == [1]
    assert state(cast, first) is m.JobState.DEAD


def test_a_clock_that_once_ran_ahead_holds_up_no_schedule(house, cast):
    with house.app_context():
        with time_machine.travel(datetime(2031, 1, 1, 12, tzinfo=UTC)):
            schedules.tick()
        with time_machine.travel(datetime(2026, 12, 1, 12, tzinfo=UTC)):
            schedules.tick()
            schedules.tick()
    assert cast.read(lambda session: sorted(job.slot for job in session.query(m.Job).filter_by(kind="sweep"))) == ["2026-12-01", "2031-01-01"]


def test_a_job_that_hangs_or_takes_long_holds_up_nobody(house, cast, put):
    released, done = threading.Event(), []
    long_one = put(lambda run: released.wait(20), "long", lane=m.Lane.LONG, lease=60)
    hanging = put(lambda run: released.wait(20), "hanging", lease=0.5, most_tries=1)
    at_work = workers.Workers(house)
    at_work.start()
    try:
        started = datetime.now(UTC)
        put(lambda run: done.append(datetime.now(UTC)), "mail")
        for _look in range(100):
            if done:
                break
            threading.Event().wait(0.1)
        delay = (done[0] - started).total_seconds()
        print(f"\na quick job beside a long one and one that hangs: {delay:.1f} s")
        assert delay < 5
        assert state(cast, long_one) is m.JobState.RUNNING
    finally:
        released.set()
        at_work.stop()
    assert cast.get(m.Job, hanging).tries >= 1


PARIS_WINTER, PARIS_SUMMER = timedelta(hours=1), timedelta(hours=2)


@pytest.mark.parametrize(
    ("last", "moment", "expected"),
    [
        (None, datetime(2026, 11, 22, 12, tzinfo=UTC), ["2026-11-22"]),
        (None, datetime(2026, 11, 22, 2, 29, tzinfo=UTC), []),  # half past three in Paris is half past two in UTC
        (date(2026, 11, 21), datetime(2026, 11, 22, 2, 30, tzinfo=UTC), ["2026-11-22"]),
        (date(2026, 11, 22), datetime(2026, 11, 22, 22, tzinfo=UTC), []),
        (date(2028, 2, 27), datetime(2028, 3, 1, 12, tzinfo=UTC), ["2028-02-28", "2028-02-29", "2028-03-01"]),  # a leap day
        (date(2026, 3, 27), datetime(2026, 3, 29, 1, 30, tzinfo=UTC), ["2026-03-28", "2026-03-29"]),  # the hour after two is not there
        (date(2026, 10, 24), datetime(2026, 10, 25, 2, 29, tzinfo=UTC), []),  # the hour after two is there twice
        (date(2026, 10, 24), datetime(2026, 10, 25, 2, 30, tzinfo=UTC), ["2026-10-25"]),
        (date(2026, 11, 23), datetime(2026, 11, 22, 12, tzinfo=UTC), []),  # the clock was put back
    ],
)
def test_a_daily_run_is_due_once_each_day_by_the_houses_clock(last, moment, expected):
    assert [day.isoformat() for day in schedules.days_due(schedules.Daily("sweep", time(3, 30)), last, moment)] == expected


def test_scheduled_runs_are_neither_missed_nor_doubled_by_many_workers(house, cast):
    def look() -> None:
        with house.app_context():
            schedules.tick()

    for moment in (datetime(2028, 2, 26, 12, tzinfo=UTC), datetime(2028, 3, 2, 12, tzinfo=UTC)):
        with time_machine.travel(moment, tick=True):
            threads = [threading.Thread(target=look) for _each in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    slots = cast.read(lambda session: [job.slot for job in session.query(m.Job).filter_by(kind="sweep").order_by(m.Job.slot)])
    assert slots == ["2028-02-26", "2028-02-27", "2028-02-28", "2028-02-29", "2028-03-01", "2028-03-02"]
    with house.app_context(), time_machine.travel(datetime(2028, 3, 2, 12, tzinfo=UTC)):
        jobs.work_off()
    assert cast.count(m.Job, m.Job.kind == "sweep", m.Job.state == m.JobState.DONE) == 6


def test_staff_try_a_job_again_that_was_set_aside_or_drop_it(house, cast, put):
    def fails(run):
        raise jobs.GiveUp("no such folder")

    first, second = put(fails), put(fails)
    with house.app_context():
        jobs.work_off()
    assert (state(cast, first), state(cast, second)) == (m.JobState.DEAD, m.JobState.DEAD)
    admin = cast.client_for("administrator")
    page = admin.get("/jobs/?state=dead").text
    assert "Envoyer un e-mail" in page
    assert "no such folder" in admin.get(f"/jobs/{first}").text
    assert admin.post("/jobs/action/try_again", {"ids": [first]}).status_code == 302
    assert "Drop these jobs" in admin.post("/jobs/action/drop", {"ids": [second]}, headers={"Accept-Language": "en"}).text
    assert admin.post("/jobs/action/drop", {"ids": [second], "confirmed": "1"}).status_code == 302
    assert (state(cast, first), state(cast, second)) == (m.JobState.WAITING, m.JobState.DROPPED)
    jobs.KINDS["test"] = replace(jobs.KINDS["test"], work=lambda run: None)
    with house.app_context():
        jobs.work_off()
    assert state(cast, first) is m.JobState.DONE
    assert admin.post("/jobs/action/try_again", {"ids": [first]}).status_code == 409
    assert cast.client_for("manager").get("/jobs/").status_code == 403


def test_work_done_long_ago_is_forgotten_and_what_was_set_aside_is_not(house, cast, put):
    def fails(run):
        raise jobs.GiveUp("never")

    done, dead = put(lambda run: None), put(fails, "fails")
    with house.app_context():
        jobs.work_off()
        with time_machine.travel(m.now() + timedelta(days=91)), crossing(reading=False) as session:
            jobs.sweep(session)
            session.commit()
    assert cast.get(m.Job, done) is None
    assert cast.get(m.Job, dead) is not None

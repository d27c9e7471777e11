"""The threads that do the jobs: in the server's own process by default, or in any number of `flask work` processes. Each
keeps to a lane; one that hangs is left behind, its job goes to another, and what it still tries to write is refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask

from app.models import Lane
from app.services import jobs, schedules

PAUSE = 1.0  # seconds between two looks, for jobs that other processes put in
TICK = 20.0  # seconds between two looks at the schedules
HANDS = {Lane.QUICK: 2, Lane.LONG: 1}  # so that a slow mail server does not hold up every mail
FAULT_PAUSE = 5.0  # after a look that failed: the database is away


@dataclass
class Hand:
    """One thread, and since when it has been at its present job."""

    lane: Lane
    run: jobs.Run | None = None
    since: float = field(default=0.0)
    left_behind: bool = False
    thread: threading.Thread | None = None

    def hangs(self) -> bool:
        """Whether its job has gone on for twice its lease without being heard of: others may have taken it by now."""
        run = self.run  # read once: the thread puts it down meanwhile
        return run is not None and time.monotonic() - self.since > 2 * run.kind.lease.total_seconds()


class Workers:
    """The hands of one process."""

    def __init__(self, app: Flask, lanes: tuple[Lane, ...] = jobs.LANES) -> None:
        self.app, self.lanes = app, lanes
        self.stopping = threading.Event()
        self.hands: list[Hand] = []
        self.threads: list[threading.Thread] = []  # all that were ever started, those left behind too

    def start(self) -> None:
        self.hands = [self.hire(lane) for lane in self.lanes for _each in range(HANDS[lane])]
        self.employ("jobs-keeper", self.keep)

    def employ(self, name: str, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        self.threads = [each for each in self.threads if each.is_alive()] + [thread]
        return thread

    def hire(self, lane: Lane) -> Hand:
        hand = Hand(lane)
        hand.thread = self.employ(f"jobs-{lane.value}", lambda: self.toil(hand))
        return hand

    def stop(self, patience: float = 20.0) -> None:
        """Lets everybody finish what they are at, for a while in all; a job that is cut short is taken up again when its lease has
        run out."""
        until = time.monotonic() + patience
        self.stopping.set()
        with jobs.bell:
            jobs.bell.notify_all()
        for thread in self.threads:
            thread.join(max(0.0, until - time.monotonic()))

    def toil(self, hand: Hand) -> None:
        name = jobs.this_worker()
        while not self.stopping.is_set() and not hand.left_behind:
            try:
                with self.app.app_context():
                    run = jobs.take(name, (hand.lane,))
                    if run is not None:
                        hand.since, hand.run = time.monotonic(), run
                        run.heard = lambda: setattr(hand, "since", time.monotonic())
                        jobs.perform(run)
            except Exception:  # the database is away, or locked for long: the queue is still there afterwards
                self.app.logger.exception("the queue of jobs could not be read")
                self.stopping.wait(FAULT_PAUSE)
                continue
            finally:
                hand.run = None
            if run is None:
                with jobs.bell:
                    jobs.bell.wait(PAUSE)

    def keep(self) -> None:
        """Puts in what schedules ask for, and hires a hand for each that hangs or is gone. Nothing ends it but stop()."""
        looked = -TICK
        while not self.stopping.wait(PAUSE):
            try:
                self.replace_hands()
                if time.monotonic() - looked >= TICK:
                    looked = time.monotonic()
                    with self.app.app_context():
                        schedules.tick()
            except Exception:
                self.app.logger.exception("the schedules could not be looked at")

    def replace_hands(self) -> None:
        for place, hand in enumerate(self.hands):
            if hand.hangs() or (hand.thread is not None and not hand.thread.is_alive()):
                self.hands[place] = self.hire(hand.lane)
                hand.left_behind = True


def start_once(app: Flask) -> None:
    """The server's own hands, where the settings want them: once in each process, after it has been forked."""
    if app.config["JOBS"] != "here" or "cordee_workers" in app.extensions:
        return
    app.extensions["cordee_workers"] = Workers(app)
    app.extensions["cordee_workers"].start()

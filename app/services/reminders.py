"""What runs out is said in time: pieces of a partner's file, its registration with ORIAS, offers to sign. Rules: DOMAIN 3.

Of each day on which something runs out, the house speaks 60, 30, 7 and 0 days before: in one mail per partner and day, and in a
task that the partner sees too. What was said is kept, so that a job that runs again says nothing twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import current_app
from flask_babel import force_locale, gettext, lazy_gettext as _
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.models import (
    CATEGORIES_BY_KIND,
    Agreement,
    AgreementStatus,
    Check,
    CheckKind,
    CheckResult,
    Document,
    DocumentKind,
    Lane,
    Partner,
    PartnerStatus,
    Reminder,
    Task,
    now,
    today,
)
from app.models.base import HOUSE_ZONE
from app.services import alerts, jobs, notices, schedules, settings
from app.services.crossings import crossing
from app.services.watch import WATCHED
from app.services.wordings import locale_of

AHEAD = (60, 30, 7, 0)  # days before the last one
TO_SIGN_AHEAD = (7, 2)
AT_ONCE = 200  # partners in one transaction
STRUCK_OFF = (3, 1)  # whoever has not renewed its registration with ORIAS is struck off on 1 March
KEPT_SAYING = timedelta(days=90)  # what ran out longer ago is the house's own knowledge, and nobody's news


@dataclass(frozen=True)
class Deadline:
    """Something of a partner's that runs out. `kind` is the document's, None for the registration with ORIAS."""

    partner_id: int
    about: str
    kind: Any
    day: date


def step(day: date, ahead: Sequence[int] = AHEAD) -> int | None:
    """Which of the reminders is due today for something that runs out on `day`: the nearest one reached, or None before the first."""
    left = (day - today()).days
    reached = [days for days in ahead if left <= days]
    return min(reached) if reached else None


def next_strike(day: date) -> date:
    """The 1 March that lies ahead, or is today."""
    this_year = date(day.year, *STRUCK_OFF)
    return this_year if day <= this_year else date(day.year + 1, *STRUCK_OFF)


def deadlines(session: Session, partner_ids: Sequence[int]) -> list[Deadline]:
    """What of these partners runs out soon or has just run out: of each kind of document the dated one received last, of other
    documents each."""
    dated = Document.partner_id.in_(partner_ids), Document.expires_on.is_not(None)
    apart = case((Document.kind == DocumentKind.OTHER, Document.id), else_=0)
    last = select(func.max(Document.id)).where(*dated).group_by(Document.partner_id, Document.kind, apart)
    soon = Document.expires_on <= today() + timedelta(days=max(AHEAD)), Document.expires_on >= today() - KEPT_SAYING
    found = [
        Deadline(partner_id, f"document:{number}", kind, day)
        for number, partner_id, kind, day in session.execute(
            select(Document.id, Document.partner_id, Document.kind, Document.expires_on).where(Document.id.in_(last), *soon).order_by(Document.id)
        )
        if day is not None
    ]
    strike = next_strike(today())
    if step(strike) is not None and settings.check_is_on(CheckKind.ORIAS):
        asked = [kind for kind, categories in CATEGORIES_BY_KIND.items() if categories]
        registered = select(Partner.id).where(Partner.id.in_(partner_ids), Partner.kind.in_(asked), Partner.orias_number.is_not(None))
        found += [Deadline(number, f"orias:{strike.isoformat()}", None, strike) for number in session.scalars(registered)]
    return found


@jobs.kind("remind", _("Remind of what runs out"), lane=Lane.LONG, lease=timedelta(minutes=5))
def remind(run: jobs.Run) -> None:
    """Every partner, some hundreds at a time; a run that is cut short goes on with those it has not looked at."""
    last = done = 0
    while True:
        with crossing() as session:
            wanted = select(Partner.id).where(Partner.id > last, Partner.status.in_(WATCHED)).order_by(Partner.id).limit(AT_ONCE)
            ids = list(session.scalars(wanted))
        if not ids:
            break
        with crossing(reading=False) as session:
            remind_partners(session, ids)
            session.commit()
        last, done = ids[-1], done + len(ids)
        run.renew(done=done, total=done)


def remind_partners(session: Session, ids: Sequence[int]) -> None:
    said = {(row.partner_id, row.about): row for row in session.scalars(select(Reminder).where(Reminder.partner_id.in_(ids)))}
    found = deadlines(session, ids)
    due: dict[int, list[Deadline]] = defaultdict(list)
    for each in found:
        reached, row = step(each.day), said.get((each.partner_id, each.about))
        if reached is None or (row is not None and (row.days <= reached or (reached > 0 and done_with(session, row)))):
            continue  # a task that was ticked keeps the house quiet until the last day, and not on it
        due[each.partner_id].append(each)
        note(session, each, row, reached)
    settle_met(session, ids, {(each.partner_id, each.about) for each in found})
    for partner_id, pieces in due.items():
        partner = session.get_one(Partner, partner_id)
        notices.renewals(session, partner, [(each.kind, each.day) for each in pieces])
        if any(each.kind is not None and each.day <= today() for each in pieces):
            alerts.call(session, "document_expired", partner)


def done_with(session: Session, row: Reminder) -> bool:
    """Somebody has said that it is done."""
    task = session.get(Task, row.task_id) if row.task_id is not None else None
    return task is not None and task.done_on is not None


def note(session: Session, each: Deadline, row: Reminder | None, reached: int) -> None:
    """Keeps that it was said; the first time with a task for whoever looks after the partner, which the partner sees too."""
    if row is not None:
        row.days = reached
        return
    partner = session.get_one(Partner, each.partner_id)
    task = Task(partner_id=each.partner_id, name=task_words(each), due_on=each.day, assignee_id=partner.account_manager_id, shared=True)
    session.add(task)
    session.flush()
    session.add(Reminder(partner_id=each.partner_id, about=each.about, days=reached, task_id=task.id))


def task_words(each: Deadline) -> str:
    """In the house's own language: a task is one text for everybody."""
    with force_locale(locale_of(current_app.config["BABEL_DEFAULT_LOCALE"])):
        if each.kind is None:
            return gettext("Renew the registration with ORIAS before 1 March %(year)s", year=f"{each.day:%Y}")
        return gettext("Renew: %(document)s", document=DocumentKind(each.kind).label)


def settle_met(session: Session, ids: Sequence[int], open_ones: set[tuple[int, str]]) -> None:
    """A piece that has been replaced is no longer asked for, nor a registration that ORIAS has confirmed since. Only tasks that are
    still open are looked at: what was settled years ago costs nothing."""
    waiting = select(Reminder, Task).join(Task, Task.id == Reminder.task_id).where(Reminder.partner_id.in_(ids), Task.done_on.is_(None))
    for row, task in session.execute(waiting).all():
        if (row.partner_id, row.about) in open_ones:
            continue
        kind, _colon, which = row.about.partition(":")
        if replaced(session, int(which)) if kind == "document" else confirmed_since(session, row.partner_id, date.fromisoformat(which)):
            task.done_on = today()


def confirmed_since(session: Session, partner_id: int, day: date) -> bool:
    """Whether ORIAS has named a category that this partner needs as registered, after the day on which others are struck off."""
    after = datetime.combine(day + timedelta(days=1), time(), HOUSE_ZONE)
    passed = Check.partner_id == partner_id, Check.kind == CheckKind.ORIAS, Check.result == CheckResult.PASSED, Check.created_at >= after
    return session.scalar(select(Check.id).where(*passed).limit(1)) is not None


def replaced(session: Session, document_id: int) -> bool:
    document = session.get(Document, document_id)
    if document is None:
        return True
    if document.kind == DocumentKind.OTHER:
        return False
    newer = select(Document.id).where(Document.partner_id == document.partner_id, Document.kind == document.kind, Document.id > document.id)
    newer = newer.where(Document.expires_on.is_not(None))
    return session.scalar(newer.limit(1)) is not None


# --- offers to sign -------------------------------------------------------------------------------


@jobs.kind("offers_to_sign", _("Look at the offers to sign"), lane=Lane.LONG)
def look_at_offers(run: jobs.Run) -> None:
    """Offers whose time is over expire; the others are spoken of 7 and 2 days before."""
    with crossing(reading=False) as session:
        for agreement in session.scalars(select(Agreement).where(Agreement.status == AgreementStatus.TO_SIGN).order_by(Agreement.id)):
            if not agreement.can_be_signed:
                agreement.status = AgreementStatus.EXPIRED
            else:
                remind_to_sign(session, agreement)
        session.commit()


def remind_to_sign(session: Session, agreement: Agreement) -> None:
    left = (agreement.expires_at - now()).days
    reached = min((days for days in TO_SIGN_AHEAD if left < days), default=None)
    about = f"agreement:{agreement.id}"
    row = session.scalar(select(Reminder).where(Reminder.partner_id == agreement.partner_id, Reminder.about == about))
    if reached is None or (row is not None and row.days <= reached):
        return
    if row is None:
        session.add(Reminder(partner_id=agreement.partner_id, about=about, days=reached))
    else:
        row.days = reached
    partner = session.get_one(Partner, agreement.partner_id)
    if partner.status is not PartnerStatus.CLOSED:
        notices.sign_reminder(session, partner, agreement.name, agreement.expires_at)


schedules.daily("remind", time(6, 0))
schedules.daily("offers_to_sign", time(6, 10))

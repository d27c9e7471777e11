"""Complaints of clients, and what they ask about their data: what each step needs, and tasks and alerts that keep the terms in sight.

Rules: ACPR recommendation 2022-R-01 (acknowledged within ten working days, answered within two months); GDPR art. 12, 3.
"""

from __future__ import annotations

from datetime import date, time, timedelta

from flask import current_app
from flask_babel import LazyString, force_locale, gettext, lazy_gettext as _
from sqlalchemy import inspect, or_, select
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Client, Complaint, ComplaintStatus, DataRequest, Lane, Partner, Reminder, Task, now, today
from app.services import alerts, jobs, schedules
from app.services.crossings import crossing
from app.services.refusals import RuleBroken, refuse_all
from app.services.wordings import locale_of

LOOKED_BACK = timedelta(days=60)  # at complaints that have been answered: their tasks are ticked


def saving(complaint: Complaint, new: bool) -> None:
    """No step before it came or in the future; an answer says what was decided."""
    wrong: dict[str, str | LazyString] = {}
    if complaint.received_on > today():
        wrong["received_on"] = _("This day is yet to come.")
    for name in ("acknowledged_on", "answered_on"):
        day: date | None = getattr(complaint, name)
        if day is not None and day > today():
            wrong[name] = _("This day is yet to come.")
        elif day is not None and day < complaint.received_on:
            wrong[name] = _("This is before the complaint was received.")
    if complaint.answered_on is not None and complaint.outcome is None:
        wrong["outcome"] = _("Please say what was decided.")
    if complaint.answered_on is not None and not (complaint.answer or "").strip():
        wrong["answer"] = _("Please note the answer that was given.")
    if not new and complaint.client_id is None and inspect(complaint).attrs.client_id.history.deleted:
        wrong["client_id"] = _("A complaint stays with its client.")
    refuse_all(wrong)
    belongs(complaint)


def belongs(complaint: Complaint) -> None:
    client = db.session.get(Client, complaint.client_id) if complaint.client_id else None
    if client is not None and complaint.partner_id is None:
        complaint.partner_id = client.partner_id
    if client is not None and client.partner_id != complaint.partner_id:
        raise RuleBroken(_("This client belongs to another partner."), "client_id")


def saved(complaint: Complaint, new: bool) -> None:
    """Its tasks are made, or ticked, at once."""
    jobs.enqueue("follow_complaints", {}, complaint.subject)


def saving_request(request: DataRequest, new: bool) -> None:
    if request.received_on > today():
        raise RuleBroken(_("This day is yet to come."), "received_on")
    if request.done_on is not None and not (request.answer or "").strip():
        raise RuleBroken(_("Please note the answer that was given."), "answer")


# --- in time --------------------------------------------------------------------------------------


@jobs.kind("follow_complaints", _("Keep the terms of complaints in sight"), lane=Lane.LONG)
def follow_complaints(run: jobs.Run) -> None:
    """For each open complaint a task for its next step, which the partner sees too; ticked once the step is done. Staff get an alert
    on the day after a term has passed. What was said is kept, so that nothing is said twice."""
    with crossing() as session:
        recent = or_(Complaint.status != ComplaintStatus.ANSWERED, Complaint.updated_at > now() - LOOKED_BACK)
        ids = list(session.scalars(select(Complaint.id).where(recent).order_by(Complaint.id)))
    for complaint_id in ids:
        with crossing(reading=False) as session:
            complaint = session.get(Complaint, complaint_id)
            if complaint is not None:
                step(session, complaint, "acknowledge", complaint.acknowledge_by, complaint.acknowledged_on or complaint.answered_on)
                step(session, complaint, "answer", complaint.answer_by, complaint.answered_on)
            session.commit()
        run.renew()


def step(session: Session, complaint: Complaint, name: str, by: date, done_on: date | None) -> None:
    about = f"complaint:{complaint.id}:{name}"
    row = session.scalar(select(Reminder).where(Reminder.about == about))
    if row is None and done_on is None:
        task = Task(partner_id=complaint.partner_id, client_id=complaint.client_id, name=words_of(complaint, name), due_on=by, shared=True)
        task.assignee_id = session.get_one(Partner, complaint.partner_id).account_manager_id
        session.add(task)
        session.flush()
        row = Reminder(partner_id=complaint.partner_id, about=about, days=0, task_id=task.id)
        session.add(row)
    if row is None:
        return
    held = session.get(Task, row.task_id) if row.task_id is not None else None
    if row.partner_id != complaint.partner_id:  # its client has gone to another partner, and the step with it
        row.partner_id = complaint.partner_id
        if held is not None:
            held.partner_id = complaint.partner_id
    if held is not None and held.done_on is None and done_on is not None:
        held.done_on = done_on
    if held is not None and held.due_on != by:
        held.due_on = by
    if done_on is None and by < today() and row.days == 0:
        row.days = -1  # said
        alerts.call(session, "complaint_late", session.get_one(Partner, complaint.partner_id))


def words_of(complaint: Complaint, name: str) -> str:
    """In the house's own language: a task is one text for everybody, so it does not say what is complained of."""
    with force_locale(locale_of(current_app.config["BABEL_DEFAULT_LOCALE"])):
        if name == "acknowledge":
            return gettext("Acknowledge complaint no. %(number)s", number=complaint.id)
        return gettext("Answer complaint no. %(number)s", number=complaint.id)


schedules.daily("follow_complaints", time(5, 40))

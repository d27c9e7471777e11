"""Tasks with their due days as a calendar (iCalendar, RFC 5545), by a secret link that can be withdrawn."""

from __future__ import annotations

import secrets
from datetime import timedelta

from flask import current_app
from icalendar import Calendar, Event
from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from app.models import CalendarLink, Side, Task, User, now
from app.permissions import FOLLOW_UP, MY_COMPANY, NONE, READ
from app.services.crossings import crossing
from app.services.people import Person, digest_of, partner_facts, staff_rights

MOST = 500
NO_PARTNER = 0


def place_of(person: Person) -> tuple[int, int]:
    return person.id, person.partner_id or NO_PARTNER


def has_link(person: Person) -> bool:
    with crossing() as session:
        return session.get(CalendarLink, place_of(person)) is not None


def make_link(person: Person) -> str:
    """The secret of a fresh link; the one before is worth nothing from now on. Only its digest is kept."""
    secret = secrets.token_urlsafe(24)
    with crossing(reading=False) as session:
        user_id, partner_id = place_of(person)
        session.merge(CalendarLink(user_id=user_id, partner_id=partner_id, digest=digest_of(secret), made_at=now()))
        session.commit()
    return secret


def withdraw(person: Person) -> None:
    user_id, partner_id = place_of(person)
    with crossing(reading=False) as session:
        session.execute(delete(CalendarLink).where(CalendarLink.user_id == user_id, CalendarLink.partner_id == partner_id))
        session.commit()


def of_link(secret: str) -> bytes | None:
    """The calendar behind a link, or None when there is none: withdrawn, or its person has no access any more."""
    with crossing() as session:
        link = session.scalar(select(CalendarLink).where(CalendarLink.digest == digest_of(secret)))
        user = session.get(User, link.user_id) if link is not None else None
        if link is None or user is None or not user.active:
            return None
        wanted = select(Task).options(joinedload(Task.partner)).where(Task.done_on.is_(None), Task.due_on.is_not(None))
        if user.side is Side.STAFF:
            if staff_rights(user.roles).get(FOLLOW_UP.name, NONE) < READ:
                return None
            wanted, base = wanted.where(Task.assignee_id == user.id), "/tasks/{}"
        else:
            if not is_open_to(session, user, link.partner_id):
                return None
            wanted, base = wanted.where(Task.partner_id == link.partner_id, Task.shared.is_(True)), "/portal/profile/"
        return written(list(session.scalars(wanted.order_by(Task.due_on, Task.id).limit(MOST))), base)


def is_open_to(session: Session, user: User, partner_id: int) -> bool:
    facts = partner_facts(session, user, partner_id)
    return facts is not None and facts["rights"].get(MY_COMPANY.name, NONE) >= READ


def written(tasks: list[Task], base: str) -> bytes:
    house = current_app.config["PUBLIC_URL"].rstrip("/")
    calendar = Calendar()
    calendar.add("prodid", f"-//{current_app.config['APP_NAME']}//FR")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", current_app.config["APP_NAME"])
    for task in tasks:
        event = Event()
        event.add("uid", f"task-{task.id}@{house.partition('://')[2]}")
        event.add("dtstamp", task.updated_at)
        event.add("dtstart", task.due_on)
        event.add("dtend", task.due_on + timedelta(days=1) if task.due_on else None)
        event.add("summary", f"{task.name} – {task.partner}")
        event.add("url", house + base.format(task.id))
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return calendar.to_ical()

"""Alerts of the administrators' space: what they say, who hears of which, at once or in the morning's digest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import LazyString, force_locale, lazy_gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.extensions import db
from app.models import Alert, Lane, Partner, Preference, Side, Task, User
from app.models.base import HOUSE_ZONE, now, today
from app.models.scope import leave
from app.permissions import FOLLOW_UP, NONE, PARTNER_VALIDATION, READ, Access
from app.services import jobs, notices, schedules
from app.services.crossings import crossing
from app.services.people import staff_rights
from app.services.preferences import locked
from app.services.wordings import locale_of

MAIL, DIGEST = "mail", "digest"
WAYS = (MAIL, DIGEST)
DIGEST_AT = time(7, 0)


@dataclass(frozen=True)
class Kind:
    """What an alert of one kind is called, what it says after the partner's name, where it leads, whether it is urgent and whether
    somebody marks it as handled by hand (others are handled by the deed they call for)."""

    title: LazyString
    sentence: LazyString
    place: str
    is_urgent: bool = False
    by_hand: bool = False


VALIDATION, AGREEMENTS, DOCUMENTS = "/partners/{}/validation", "/partners/{}?tab=agreements", "/partners/{}?tab=documents"
KINDS = {
    "file_waits": Kind(_("Files to validate"), _("is awaiting validation."), VALIDATION),
    "contested": Kind(_("A SIREN held twice"), _("has signed with a SIREN that another partner holds."), VALIDATION, is_urgent=True),
    "claimed_reference": Kind(_("Claimed references"), _("declares a supplier reference that another client holds."), "/claims/", by_hand=True),
    "agreement_declined": Kind(_("Agreements declined"), _("does not want to sign."), AGREEMENTS, is_urgent=True, by_hand=True),
    "amendment_signed": Kind(_("Amendments to counter-sign"), _("has signed an amendment: it waits for the counter-signature."), AGREEMENTS, by_hand=True),
    "document_received": Kind(_("Documents received"), _("has handed in a document."), DOCUMENTS, by_hand=True),
    "document_expired": Kind(_("Documents expired"), _("has a document that has expired."), DOCUMENTS, is_urgent=True, by_hand=True),
    "match_found": Kind(_("Matches in watch lists"), _("resembles an entry of a watch list."), "/matches/?partner_id={}&status=open", is_urgent=True),
    "assets_frozen": Kind(_("Frozen assets"), _("has somebody whose assets are frozen: declare it to the Treasury."), "/partners/{}", is_urgent=True, by_hand=True),
    "complaint_late": Kind(_("Complaints overdue"), _("is late with a complaint."), "/complaints/?partner_id={}", is_urgent=True, by_hand=True),
    "category_lapsed": Kind(_("Categories lost at ORIAS"), _("has lost a category at ORIAS."), VALIDATION, is_urgent=True, by_hand=True),
}


def place_of(alert: Alert) -> str:
    return KINDS[alert.kind].place.format(alert.partner_id)


def call(session: Session, kind: str, partner: Partner) -> None:
    """Leaves an alert, and a mail to everybody who wants to hear of this kind at once, in the cause's own transaction."""
    leave(session, Alert(kind=kind, partner_id=partner.id))
    for email, language in wanting(kind):
        with force_locale(locale_of(language)):
            sentence = str(KINDS[kind].sentence)
        place = KINDS[kind].place.format(partner.id)
        notices.alert(session, email, language, kind, partner, sentence, place)


def handled(kind: str, partner_id: int, session: Session | None = None) -> None:
    """What the alerts of this kind called for has been done; staff act, or the house itself in a `session` of its own."""
    for alert in (session or db.session).scalars(select(Alert).where(Alert.kind == kind, Alert.partner_id == partner_id, Alert.handled_at.is_(None))):
        alert.handled_at = now()


def wanting(kind: str) -> list[tuple[str, str]]:
    """Address and language of those who want a mail at once for this kind of alert, and may see it."""
    with crossing() as session:
        return [(user.email, user.language or "fr") for user, ways in listeners(session) if ways.get(kind) == MAIL]


def listeners(session: Session) -> Iterator[tuple[User, dict[str, str]]]:
    """Staff who may see alerts, each with the way it wants to hear of every kind."""
    wanted = select(User, Preference).join(Preference, Preference.user_id == User.id).options(selectinload(User.roles))
    for user, preference in session.execute(wanted.where(User.active.is_(True), User.side == Side.STAFF).order_by(User.id)):
        ways = (preference.values or {}).get("alerts") or {}
        if ways and may(user, PARTNER_VALIDATION):
            yield user, ways


def may(user: User, access: Access) -> bool:
    return staff_rights(user.roles).get(access.name, NONE) >= READ


def choose(user_id: int, ways: dict[str, str]) -> None:
    """Sets how somebody wants to hear of each kind; what is not named is not mailed. To be called before the request's session has
    begun."""
    kept = {kind: way for kind, way in ways.items() if kind in KINDS and way in WAYS}
    with crossing(reading=False) as session:
        row = locked(session, user_id)
        row.values = {key: held for key, held in {**row.values, "alerts": kept or None}.items() if held is not None}
        session.commit()


def mark_read(user_id: int, up_to: int) -> None:
    """Somebody has read the alerts up to this number."""
    with crossing(reading=False) as session:
        row = locked(session, user_id)
        row.number -= 1  # nothing that pages keep of the person has changed
        row.alerts_seen = max(row.alerts_seen or 0, up_to)
        session.commit()


# --- the page -------------------------------------------------------------------------------------


def shown(session: Session, kind: str | None, handled: bool, most: int = 100) -> list[Alert]:
    wanted = select(Alert).options(joinedload(Alert.partner)).where(Alert.handled_at.is_not(None) if handled else Alert.handled_at.is_(None))
    wanted = wanted.where(Alert.kind == kind) if kind else wanted
    return list(session.scalars(wanted.order_by(Alert.id.desc()).limit(most)))


def counts(session: Session) -> dict[str, int]:
    """How many of each kind nobody has handled."""
    counted = select(Alert.kind, func.count()).where(Alert.handled_at.is_(None)).group_by(Alert.kind)
    return {row[0]: row[1] for row in session.execute(counted)}


# --- the digest -----------------------------------------------------------------------------------


@jobs.kind("alert_digest", _("Write the morning’s digests"), lane=Lane.LONG)
def write_digests(run: jobs.Run) -> None:
    """One mail to each person who has chosen the digest, with the alerts of its kinds since yesterday's and its own tasks that are
    due; none when there is nothing. All of them with the job's end in one transaction, so that nobody gets two."""
    until = datetime.combine(date.fromisoformat(run.facts["day"]), DIGEST_AT, HOUSE_ZONE)
    with crossing(reading=False) as session:
        fresh = since(session, until - timedelta(days=1), until)
        for user, ways in listeners(session):
            kinds = [kind for kind, way in ways.items() if way == DIGEST]
            language = user.language or "fr"
            with force_locale(locale_of(language)):
                lines = [(str(alert.partner), str(KINDS[kind].sentence)) for kind in KINDS if kind in kinds for alert in fresh[kind]]
            tasks = tasks_due(session, user) if kinds and may(user, FOLLOW_UP) else []
            if lines or tasks:
                notices.digest(session, user.email, user.first_name, language, lines, tasks)
        run.settle(session)
        session.commit()


def since(session: Session, begin: datetime, end: datetime) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    wanted = select(Alert).options(joinedload(Alert.partner)).where(Alert.created_at >= begin, Alert.created_at < end, Alert.handled_at.is_(None))
    for alert in session.scalars(wanted.order_by(Alert.id)):
        found[alert.kind].append(alert)
    return found


def tasks_due(session: Session, user: User) -> list[tuple[str, str, date]]:
    """What this person has to do by today: the task, its partner, its day."""
    mine = Task.assignee_id == user.id, Task.done_on.is_(None), Task.due_on <= today()
    wanted = select(Task).options(joinedload(Task.partner)).where(*mine).order_by(Task.due_on, Task.id).limit(50)
    return [(task.name, str(task.partner), task.due_on) for task in session.scalars(wanted) if task.due_on is not None]


schedules.daily("alert_digest", DIGEST_AT)

"""Forms that were begun and not saved: kept as they are typed, offered when the form is opened again, gone once it is saved."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.models import Draft, User, now
from app.models.base import encodable
from app.services.crossings import crossing
from app.services.people import Person
from app.services.refusals import RuleBroken

LARGEST = 60_000  # characters
MOST = 30  # per person; the oldest goes
KEPT_FOR = timedelta(days=14)
NEVER = frozenset({"csrf_token", "one_time", "draft"})  # and nothing that is a password: such forms keep no drafts

TOKEN = re.compile("[0-9a-f]{1,16}")

Fields = list[tuple[str, str]]


def base(place: str) -> str:
    """What the drafts of one form begin with: its address, a long one by its digest."""
    return f"{place if len(place) <= 180 else hashlib.sha256(place.encode()).hexdigest()}#"


def key(person: Person, place: str, token: str) -> tuple[int, int, str]:
    """Whose draft, where, and of which window: the same form open in two of them has two."""
    return person.id, person.partner_id or 0, base(place) + token


def is_token(sent: str) -> bool:
    return bool(TOKEN.fullmatch(sent))


def token_of(draft: Draft) -> str:
    return draft.place.rpartition("#")[2]


def read(sent: str) -> Fields:
    """The fields as a page sends them; raises RuleBroken for anything else."""
    fields: Any
    try:
        fields = json.loads(sent[: LARGEST + 1]) if len(sent) <= LARGEST else None
    except (ValueError, RecursionError):
        fields = None
    good = isinstance(fields, list) and all(isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair) for pair in fields)
    if not good:
        raise RuleBroken(_("This draft could not be kept."))
    return [(encodable(name), encodable(value)) for name, value in fields if name not in NEVER]


def keep(person: Person, place: str, token: str, fields: Fields) -> None:
    """Keeps what stands in a form; the same window again replaces it. To be called before the request's session has begun."""
    with crossing(reading=False) as session:
        session.scalar(select(User.id).where(User.id == person.id).with_for_update())  # two first drafts at once make one row
        draft = session.get(Draft, key(person, place, token))
        if draft is None:
            user_id, partner_id, kept_at = key(person, place, token)
            draft = Draft(user_id=user_id, partner_id=partner_id, place=kept_at)
            session.add(draft)
        draft.fields, draft.saved_at = [list(pair) for pair in fields], now()
        session.flush()
        too_many = select(Draft.saved_at).where(Draft.user_id == person.id).order_by(Draft.saved_at.desc()).offset(MOST).limit(1)
        oldest = session.scalar(too_many)
        if oldest is not None:
            session.execute(delete(Draft).where(Draft.user_id == person.id, Draft.saved_at <= oldest))
        session.commit()


def find(person: Person, place: str, token: str = "") -> Draft | None:
    """The draft of one window, or the latest of this form."""
    with crossing() as session:
        here = Draft.place == base(place) + token if token else Draft.place.startswith(base(place), autoescape=True)
        mine = select(Draft).where(Draft.user_id == person.id, Draft.partner_id == (person.partner_id or 0), Draft.saved_at > now() - KEPT_FOR, here)
        return session.scalar(mine.order_by(Draft.saved_at.desc()).limit(1))


def forget(person: Person, place: str, token: str) -> None:
    """Lets a draft go. Not within a transaction of the request that writes."""
    with crossing(reading=False) as session:
        session.execute(delete(Draft).where(Draft.user_id == person.id, Draft.partner_id == (person.partner_id or 0), Draft.place == key(person, place, token)[2]))
        session.commit()


def forget_all(person: Person, place: str) -> None:
    """Lets every draft of one form go, of each of its windows. Not within a transaction of the request that writes."""
    with crossing(reading=False) as session:
        mine = Draft.user_id == person.id, Draft.partner_id == (person.partner_id or 0)
        session.execute(delete(Draft).where(*mine, Draft.place.startswith(base(place), autoescape=True)))
        session.commit()


def sweep(session: Session) -> None:
    """Forgets drafts nobody came back to; called when a house is prepared."""
    session.execute(delete(Draft).where(Draft.saved_at < now() - KEPT_FOR))

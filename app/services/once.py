"""A form posted twice does its work once: its one-time token is written in the same transaction as the work."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Submission, now
from app.services import crossings
from app.services.refusals import RuleBroken


class AlreadyDone(Exception):
    """The same form has been posted before; `led_to` is the page it led to."""

    def __init__(self, led_to: str) -> None:
        super().__init__(led_to)
        self.led_to = led_to


def new_token() -> str:
    return secrets.token_urlsafe(18)


def digest_of(token: str, person: object) -> str:
    """Bound to the person, so that nobody can use up another's token."""
    return hashlib.sha256(f"{person}\x00{token}".encode()).hexdigest()


def claim(token: str | None, person: object, leads_to: str = "", session: Session | None = None) -> str:
    """Marks a form as posted, within the current transaction (or one of the house's own); raises AlreadyDone for the second of two
    identical posts."""
    target = session or db.session()
    if not token or len(token) > 100:
        raise RuleBroken(_("This form is incomplete. Please open it again."))
    digest = digest_of(token, person)
    try:
        target.execute(insert(Submission).values(token=digest, led_to=leads_to, made_at=now()).execution_options(outside_walls=True))
    except IntegrityError:
        target.rollback()
        raise AlreadyDone(crossings.led_to(digest) or leads_to) from None
    return digest


def is_claimed(token: str | None, person: object) -> bool:
    """Whether a form with this token has been posted before."""
    return bool(token) and crossings.led_to(digest_of(token or "", person)) is not None


def leads_to(digest: str, address: str) -> None:
    """Says where the second of two identical posts is to be sent."""
    db.session.execute(update(Submission).where(Submission.token == digest).values(led_to=address).execution_options(outside_walls=True))


def sweep(session: Session) -> None:
    """Forgets tokens older than two days; called when a house is prepared."""
    session.execute(delete(Submission).where(Submission.made_at < now() - timedelta(days=2)))

"""Signing in and out, the devices somebody is signed in with, and the choice of cabinet."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash

from app.models import Side, SignIn, User, now
from app.services import factors, throttle
from app.services.crossings import crossing
from app.services.people import BEFORE_OPENING, Person, digest_of, end_sign_ins, memberships_of, nobodys_hash
from app.services.refusals import RuleBroken
from app.services.throttle import Brake

SIGN_IN_LIFETIME = timedelta(hours=12)
HALF_LIFETIME = timedelta(minutes=15)
PROVED_FOR = timedelta(minutes=15)
FREE_TRIES = 5


def brakes_of(email: str, address: str) -> list[Brake]:
    """Wrong passwords are slowed per account at one address, per account from everywhere, and per address."""
    account = email.strip().lower()
    return [
        Brake(digest_of(f"{address}\x00{account}"), FREE_TRIES, timedelta(minutes=15)),
        Brake(digest_of(f"account\x00{account}"), FREE_TRIES * 4, timedelta(seconds=30)),
        Brake(digest_of(address), FREE_TRIES * 20, timedelta(seconds=30)),
    ]


def sign_in(email: str, password: str, side: Side, address: str, browser: str = "") -> tuple[str, str]:
    """Opens a sign-in and returns the cookie's secret, and what it still waits for: "" when one is in, "code" or "set-up" when a
    second factor is wanted. Raises RuleBroken, in the same words whatever was wrong. The password is compared while no
    transaction is open: that takes a tenth of a second."""
    brakes = brakes_of(email, address)
    with crossing(reading=False) as session:  # the try is counted before the password is looked at: many at once are many
        throttle.admit(session, brakes)
        user = session.scalar(select(User).where(func.lower(User.email) == email.strip().lower()))
        session.commit()
    right = check_password_hash(user.password if user and user.password else nobodys_hash(), password)
    if user is None or not right or not user.active or user.side is not side:
        raise RuleBroken(_("This e-mail address and this password do not go together. Please check both."))
    with crossing(reading=False) as session:
        partner_id = first_cabinet(session, user)
        throttle.release(session, brakes)
        seen = session.get_one(User, user.id)
        if seen.password != user.password or not seen.active:
            raise RuleBroken(_("Please sign in again."))  # changed while it was being compared
        awaits = "code" if factors.has_one(session, user.id) else "set-up" if factors.required_of(seen) else ""
        secret = open_sign_in(session, user.id, partner_id, awaits, address, browser)
        if awaits == "set-up":
            factors.begin(session, user.id, digest_of(secret))
        if not awaits:
            note_entry(seen)
        session.commit()
        return secret, awaits


def note_entry(user: User) -> None:
    user.last_login, user.login_count = now().replace(tzinfo=None), (user.login_count or 0) + 1


def half_signed_in(secret: str | None) -> SignIn | None:
    """The sign-in whose password was right and that still waits for something."""
    wanted = select(SignIn).join(User, User.id == SignIn.user_id).where(SignIn.digest == digest_of(secret or ""), SignIn.awaits != "")
    with crossing() as session:
        return session.scalar(wanted.where(SignIn.ended_at.is_(None), SignIn.expires_at > now(), User.active.is_(True)))


def complete(half: SignIn) -> str:
    """Lets somebody in whose second factor was right: under a new secret, and the one before ends."""
    with crossing(reading=False) as session:
        before = session.scalar(select(SignIn).where(SignIn.id == half.id, SignIn.ended_at.is_(None)).with_for_update())
        if before is None:
            raise RuleBroken(_("Please sign in again."))
        before.ended_at = now()
        secret = open_sign_in(session, before.user_id, before.partner_id, "", before.address, before.browser, before.proved_at)
        note_entry(session.get_one(User, before.user_id))
        session.commit()
        return secret


def first_cabinet(session: Session, user: User) -> int | None:
    """The cabinet a partner's person starts in: the first whose door is open. Refuses when every one is shut."""
    if user.side is Side.STAFF:
        return None
    open_to = [each.partner for each in memberships_of(session, user.id) if each.partner.is_open or each.partner.status in BEFORE_OPENING]
    if not open_to:
        raise RuleBroken(_("The portal is closed for your company. Please contact %(house)s.", house=current_app.config["HOUSE_NAME"]))
    return min(open_to, key=lambda partner: not partner.is_open).id


def open_sign_in(
    session: Session, user_id: int, partner_id: int | None, awaits: str = "", address: str = "", browser: str = "", proved_at: datetime | None = None
) -> str:
    """A half one lives for a quarter of an hour only."""
    secret = secrets.token_urlsafe(32)
    lifetime = HALF_LIFETIME if awaits else SIGN_IN_LIFETIME
    facts = {"awaits": awaits, "address": address[:45], "browser": browser[:60], "proved_at": proved_at or now()}
    session.add(SignIn(digest=digest_of(secret), user_id=user_id, partner_id=partner_id, expires_at=now() + lifetime, **facts))
    session.flush()
    return secret


def sign_out(secret: str | None) -> None:
    """Ends the sign-in in the database, so that a copy of the cookie is worth nothing."""
    if not secret:
        return
    with crossing(reading=False) as session:
        session.execute(update(SignIn).where(SignIn.digest == digest_of(secret)).values(ended_at=now()))
        session.commit()


@dataclass(frozen=True)
class Browser:
    """A device somebody is signed in with."""

    id: int
    since: datetime
    address: str
    browser: str
    is_this: bool


def open_browsers(user_id: int, secret: str | None = None, partner_id: int | None = None) -> list[Browser]:
    """The devices this person is signed in with, within one partner where one is named; the latest first."""
    this = digest_of(secret or "")
    with crossing() as session:
        own = [SignIn.user_id == user_id, SignIn.ended_at.is_(None), SignIn.awaits == "", SignIn.expires_at > now()]
        own += [SignIn.partner_id == partner_id] if partner_id is not None else []
        return [
            Browser(row.id, row.created_at, row.address, row.browser, row.digest == this)
            for row in session.scalars(select(SignIn).where(*own).order_by(SignIn.id.desc()))
        ]


def sign_out_one(user_id: int, sign_in_id: int) -> bool:
    """Ends one sign-in of this person; says whether there was one of this number."""
    with crossing(reading=False) as session:
        one = update(SignIn).where(SignIn.id == sign_in_id, SignIn.user_id == user_id, SignIn.ended_at.is_(None))
        done: Any = session.execute(one.values(ended_at=now()))
        session.commit()
        return bool(done.rowcount)


def sign_out_everywhere(user_id: int, partner_id: int | None = None) -> None:
    with crossing(reading=False) as session:
        end_sign_ins(session, user_id, partner_id=partner_id)
        session.commit()


def proved_lately(secret: str | None) -> bool:
    """Whether the password was given on this device within the last quarter of an hour."""
    with crossing() as session:
        wanted = select(SignIn.id).where(SignIn.digest == digest_of(secret or ""), SignIn.ended_at.is_(None), SignIn.proved_at > now() - PROVED_FOR)
        return session.scalar(wanted) is not None


def note_proof(secret: str | None) -> None:
    with crossing(reading=False) as session:
        session.execute(update(SignIn).where(SignIn.digest == digest_of(secret or ""), SignIn.ended_at.is_(None)).values(proved_at=now()))
        session.commit()


def sign_out_elsewhere(person: Person, secret: str | None) -> None:
    """Ends every sign-in of this person but the one that asks."""
    with crossing(reading=False) as session:
        others = update(SignIn).where(SignIn.user_id == person.id, SignIn.ended_at.is_(None), SignIn.digest != digest_of(secret or ""))
        session.execute(others.values(ended_at=now()))
        session.commit()


def change_cabinet(secret: str, person: Person, partner_id: int) -> None:
    """Moves a signed-in person to another of its cabinets; raises RuleBroken for one that is not open to it."""
    with crossing(reading=False) as session:
        chosen = next((each.partner for each in memberships_of(session, person.id) if each.partner_id == partner_id), None)
        if chosen is None or not (chosen.is_open or chosen.status in BEFORE_OPENING):
            raise RuleBroken(_("This company is not open to you."))
        session.execute(update(SignIn).where(SignIn.digest == digest_of(secret)).values(partner_id=partner_id))
        session.commit()


def cabinets_of(person: Person) -> list[tuple[int, str]]:
    """The companies a person may work for, for the choice in the header."""
    with crossing() as session:
        open_to = [each.partner for each in memberships_of(session, person.id) if each.partner.is_open or each.partner.status in BEFORE_OPENING]
        return [(partner.id, str(partner)) for partner in open_to]

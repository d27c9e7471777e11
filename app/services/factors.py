"""The second factor: a code from an app on one's phone (TOTP, RFC 6238), and recovery codes for the day it is lost.

Secrets are kept encrypted under a key that comes from the house's own, recovery codes only as digests. A code works once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken
from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.models import SecondFactor, Side, User, now
from app.permissions import CONSOLE, NONE, PARTNER_VALIDATION, SETTINGS, STAFF_PEOPLE, WRITE
from app.services import notices, people, throttle
from app.services.crossings import crossing
from app.services.refusals import RuleBroken
from app.services.throttle import Brake

POWERFUL = (STAFF_PEOPLE, SETTINGS, CONSOLE, PARTNER_VALIDATION)
STEP = 30  # seconds that a code stands for
AROUND = (-1, 0, 1)  # clocks differ: the code before and the code after are taken as well
CODES = 10
FREE_TRIES = 5
WRONG = _("This is not a code that works now. Please enter the newest one from your app, or one of your recovery codes.")


@dataclass(frozen=True)
class Begun:
    """A second factor that is being set up: what the app scans, and the same to be typed."""

    secret: str
    picture: str  # data: address of a QR code
    address: str  # what the picture says: opens the app on a phone


def key_from(purpose: bytes) -> bytes:
    return hashlib.sha256(purpose + b"\x00" + current_app.config["SECRET_KEY"].encode()).digest()


def cipher() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key_from(b"second factors")))


def digest(code: str) -> str:
    return hmac.new(key_from(b"recovery codes"), squeezed(code).encode(), hashlib.sha256).hexdigest()


def squeezed(code: str) -> str:
    return "".join(each for each in code.lower() if each.isalnum())


def required_of(user: User) -> bool:
    """Whether the house wants this person to have a second factor: for its role, or because a role that administrators added may do
    what theirs may."""
    wanted = current_app.config["SECOND_FACTOR_FOR"]
    if user.side is not Side.STAFF or not wanted:
        return False
    rights = people.staff_rights(user.roles)
    return any(role.name in wanted for role in user.roles) or any(rights.get(access.name, NONE) >= WRITE for access in POWERFUL)


def has_one(session: Session, user_id: int) -> bool:
    return session.scalar(select(SecondFactor.user_id).where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None))) is not None


def is_on(user_id: int) -> bool:
    with crossing() as session:
        return has_one(session, user_id)


def codes_left(user_id: int) -> int:
    with crossing() as session:
        row = session.get(SecondFactor, user_id)
        return len(row.recovery) if row is not None and row.confirmed_at is not None else 0


# --- setting it up --------------------------------------------------------------------------------


def begin(session: Session, user_id: int, sign_in: str) -> None:
    """A fresh secret that waits for its first code, for the sign-in with this digest and no other: whoever has once seen a key that
    was not confirmed knows nothing of the next one."""
    row = session.scalar(select(SecondFactor).where(SecondFactor.user_id == user_id).with_for_update())
    if row is not None and row.confirmed_at is not None:
        raise RuleBroken(_("Your second factor is on already."))
    if row is None:
        row = SecondFactor(user_id=user_id, last_step=0, recovery=[])
        session.add(row)
    row.secret, row.begun_by = cipher().encrypt(pyotp.random_base32().encode()).decode(), sign_in


def begin_own(user_id: int, sign_in: str) -> None:
    with crossing(reading=False) as session:
        begin(session, user_id, sign_in)
        session.commit()


def begun(user_id: int, email: str, sign_in: str) -> Begun | None:
    """What this sign-in is setting up, or None when it has begun nothing."""
    with crossing() as session:
        row = session.get(SecondFactor, user_id)
    if row is None or row.confirmed_at is not None or row.begun_by != sign_in:
        return None
    secret = opened(row)
    uri = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=current_app.config["APP_NAME"])
    return Begun(secret, segno.make(uri, error="m").svg_data_uri(scale=5, border=2), uri)


def opened(row: SecondFactor) -> str:
    """The secret in clear; raises RuleBroken when the house's key is no longer the one it was kept under."""
    try:
        return cipher().decrypt(row.secret.encode()).decode()
    except InvalidToken as other_key:
        raise RuleBroken(_("Your second factor can no longer be read. Please ask an administrator to remove it, and set it up again.")) from other_key


def confirm(user_id: int, sign_in: str, code: str, address: str) -> list[str]:
    """Turns it on with a first code; returns the recovery codes, which are shown this once. Every other sign-in of the person ends:
    one of them may be what made a second factor needful."""
    brakes = brakes_of(user_id, address)
    fresh = new_codes()
    with crossing(reading=False) as session:
        row = session.scalar(select(SecondFactor).where(SecondFactor.user_id == user_id).with_for_update())
        throttle.refuse_haste(session, brakes)  # behind the lock: tries that come at once are counted one after the other
        if row is None or row.confirmed_at is not None or row.begun_by != sign_in:
            raise RuleBroken(_("Please begin again."))
        step = step_of(opened(row), code, row.last_step)
        if step is None:
            throttle.note(session, brakes)
            session.commit()
            raise RuleBroken(_("This is not the code that the app shows now. Please enter the newest one, and check that your phone’s clock is right."), "code")
        row.confirmed_at, row.last_step, row.recovery, row.begun_by = now(), step, [digest(each) for each in fresh], ""
        people.end_sign_ins(session, user_id, but=sign_in)
        tell(session, user_id, "on")
        session.commit()
    return fresh


def new_codes() -> list[str]:
    letters = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
    return ["-".join("".join(secrets.choice(letters) for _place in range(5)) for _half in range(2)) for _number in range(CODES)]


def renew_codes(user_id: int) -> list[str]:
    """Ten fresh recovery codes; those before are worth nothing."""
    fresh = new_codes()
    with crossing(reading=False) as session:
        done: Any = session.execute(
            update(SecondFactor).where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None)).values(recovery=[digest(each) for each in fresh])
        )
        if done.rowcount:
            tell(session, user_id, "codes")
        session.commit()
    if not done.rowcount:
        raise RuleBroken(_("Please begin again."))
    return fresh


def remove(user_id: int, by: people.Person) -> None:
    """Turns it off: by the person itself where the house does not want it, or by an administrator when a phone is lost."""
    with crossing(reading=False) as session:
        session.info.update(actor=by.name, actor_id=by.id)
        user = session.get_one(User, user_id)
        if user_id == by.id and required_of(user):
            raise RuleBroken(_("Your role asks for a second factor: it cannot be turned off."))
        was_on = has_one(session, user_id)
        session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
        if user_id != by.id:
            people.end_sign_ins(session, user_id)
        if was_on:
            tell(session, user_id, "off")
        session.commit()


def tell(session: Session, user_id: int, what: str) -> None:
    """ "on", "off" or "codes": what has happened to somebody's second factor."""
    user = session.get_one(User, user_id)
    notices.second_factor(session, user.email, user.first_name, user.language or "fr", what)


# --- a code at the door ---------------------------------------------------------------------------


def brakes_of(user_id: int, address: str) -> list[Brake]:
    """Only somebody who knows the password comes this far; who found it out from elsewhere slows its owner by half a minute at most."""
    return [
        Brake(people.digest_of(f"code\x00{user_id}\x00{address}"), FREE_TRIES, timedelta(minutes=15)),
        Brake(people.digest_of(f"code\x00{user_id}"), FREE_TRIES * 2, timedelta(seconds=30)),
    ]


def step_of(secret: str, code: str, last_step: int) -> int | None:
    """Which half minute a code stands for; None for a wrong one and for one that is not newer than the last one used."""
    typed, here = squeezed(code), int(time.time()) // STEP
    if len(typed) != 6 or not typed.isascii() or not typed.isdecimal():
        return None
    generator = pyotp.TOTP(secret, interval=STEP)
    for step in (here + shift for shift in AROUND):
        if hmac.compare_digest(generator.at(step * STEP), typed):
            return step if step > last_step else None
    return None


def check(user_id: int, code: str, address: str) -> None:
    """Takes a code of the app or a recovery code, once; raises RuleBroken. Wrong tries are slowed."""
    brakes = brakes_of(user_id, address)
    with crossing(reading=False) as session:
        row = session.scalar(select(SecondFactor).where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None)).with_for_update())
        throttle.refuse_haste(session, brakes)  # behind the lock: tries that come at once are counted one after the other
        if row is None or not take(row, code):
            throttle.note(session, brakes)
            session.commit()
            raise RuleBroken(WRONG, "code")
        throttle.forget(session, brakes)
        session.commit()


def take(row: SecondFactor, code: str) -> bool:
    step = step_of(opened(row), code, row.last_step)
    if step is not None:
        row.last_step = step
        return True
    found = digest(code)
    if found in row.recovery:
        row.recovery = [each for each in row.recovery if each != found]
        return True
    return False


def remove_of(email: str) -> None:
    """Removes the second factor of whoever signs in with this address, from the command line; raises LookupError."""
    with crossing(reading=False) as session:
        user = session.scalar(select(User).where(func.lower(User.email) == email.strip().lower()))
        if user is None:
            raise LookupError(email)
        session.execute(delete(SecondFactor).where(SecondFactor.user_id == user.id))
        people.end_sign_ins(session, user.id)
        tell(session, user.id, "off")
        session.commit()

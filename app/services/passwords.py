"""Forgotten and changed passwords, and changed e-mail addresses. Nothing here tells a stranger who has an account."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash

from app.models import Attempt, Membership, OneTimeLink, Partner, Purpose, Side, User, now
from app.services import jobs, notices, people, registration, sign_ins, throttle
from app.services.crossings import crossing
from app.services.refusals import RuleBroken

LIFETIME = timedelta(hours=1)
OF_ONES_OWN = (Purpose.RESET, Purpose.NEW_ADDRESS)
GONE = _("This link has already been used, or a newer one has replaced it. You can sign in, or ask for a new one.")


def check_own_password(person: people.Person, password: str, address: str) -> bool:
    """Whether this is the signed-in person's password; wrong tries are slowed like at the door. Raises RuleBroken."""
    brakes = sign_ins.brakes_of(person.email, address)
    with crossing(reading=False) as session:  # counted before it is looked at: many at once are many
        throttle.admit(session, brakes)
        user = session.get_one(User, person.id)
        session.commit()
    if not check_password_hash(user.password or people.nobodys_hash(), password):
        return False
    with crossing(reading=False) as session:
        throttle.release(session, brakes)
        session.commit()
    return True


def change(person: people.Person, hashed: str, address: str = "", browser: str = "") -> str:
    """Sets a password, ends every sign-in of this person, the present one too, and opens a fresh one: a cookie that was
    copied before is worth nothing. Returns the new cookie's secret."""
    with crossing(reading=False) as session:
        session.info.update(actor=person.name, actor_id=person.id)
        user = session.get_one(User, person.id)
        set_password(session, user, hashed)
        secret = sign_ins.open_sign_in(session, person.id, person.partner_id, "", address, browser)
        session.commit()
        return secret


def set_password(session: Session, user: User, hashed: str) -> None:
    """A new password ends every sign-in and every link that was mailed before it, and its owner is told."""
    user.password = hashed
    people.end_sign_ins(session, user.id)
    kill_links(session, user)
    notices.password_changed(session, user.email, user.first_name, user.language or "fr")


def set_of(user_id: int, password: str) -> None:
    """Sets somebody's password from the command line; raises RuleBroken for an easy one."""
    with crossing(reading=False) as session:
        user = session.get_one(User, user_id)
        set_password(session, user, people.hash_password(password, known=[user.get_full_name(), user.email]))
        session.commit()


def kill_links(session: Session, user: User, *more: str) -> None:
    """Every link that leads to this person's password or away from its address; `more` are other addresses of its own."""
    mine = or_(and_(OneTimeLink.purpose == Purpose.RESET, OneTimeLink.email.in_([user.email.lower(), *more])), OneTimeLink.invited_by_id == user.id)
    session.execute(update(OneTimeLink).where(mine, OneTimeLink.purpose.in_(OF_ONES_OWN), OneTimeLink.used_at.is_(None)).values(used_at=now()))


# --- forgotten ------------------------------------------------------------------------------------


def ask(email: str, address: str) -> None:
    """Somebody has forgotten the password of this address. Whether there is such an account is looked up by a job, so that the
    page takes the same time and says the same."""
    with crossing(reading=False) as session:
        to_one, from_one = registration.brakes_of(email, address, "reset")
        throttle.refuse_haste(session, [from_one])
        enough = to_one.wait(session.get(Attempt, to_one.key)) > timedelta()
        throttle.note(session, [from_one] if enough else [to_one, from_one])
        if not enough:
            jobs.enqueue("forgotten_password", {"email": email}, session=session)
        session.commit()


@jobs.kind("forgotten_password", _("Answer a forgotten password"))
def answer(run: jobs.Run) -> None:
    with crossing(reading=False) as session:
        user = session.scalar(select(User).where(func.lower(User.email) == run.facts["email"], User.active.is_(True)))
        if user is not None:
            language = user.language or "fr"
            facts = {"first_name": user.first_name, "last_name": user.last_name, "language": language}
            secret = registration.new_link(session, Purpose.RESET, user.email.lower(), lifetime=LIFETIME, **facts)
            notices.forgotten_password(session, user.email, user.first_name, language, secret)
        run.settle(session)
        session.commit()


def reset(secret: str, password: str, again: str) -> Side:
    """Sets a new password by a mailed link, which opens no sign-in by itself; returns the side whose door to go to."""
    hashed = people.hash_password(password, again, known_of(secret))
    with crossing(reading=False) as session:
        link = taken(session, secret, Purpose.RESET)
        user = session.scalar(select(User).where(func.lower(User.email) == link.email, User.active.is_(True)))
        if user is None:
            raise RuleBroken(GONE)
        session.info.update(actor=user.get_full_name(), actor_id=user.id)
        link.used_at = now()
        set_password(session, user, hashed)
        session.commit()
        return user.side


def known_of(secret: str) -> list[str]:
    """What others know of the person behind a link: nothing of it makes a password."""
    with crossing() as session:
        link = session.scalar(select(OneTimeLink).where(OneTimeLink.digest == people.digest_of(secret)))
        if link is None:
            return []
        companies = select(Partner.name).join(Membership, Membership.partner_id == Partner.id).join(User, User.id == Membership.user_id)
        return [link.first_name, link.last_name, link.email, *session.scalars(companies.where(func.lower(User.email) == link.email))]


def taken(session: Session, secret: str, purpose: Purpose) -> OneTimeLink:
    """The link, held by this transaction until its end; raises RuleBroken when it is no longer good."""
    wanted = select(OneTimeLink).where(OneTimeLink.digest == people.digest_of(secret), OneTimeLink.purpose == purpose).with_for_update()
    link = session.scalar(wanted)
    if link is None or not link.is_open:
        raise RuleBroken(GONE)
    return link


# --- another address ------------------------------------------------------------------------------


def ask_for_address(person: people.Person, email: str, password: str, address: str) -> None:
    """Mails a link to the new address, which becomes one's own when it is opened. An address that somebody has already gets
    another mail; the page says the same."""
    if email == person.email.lower():
        raise RuleBroken(_("This is your address already."), "email")
    if not check_own_password(person, password, address):
        raise RuleBroken(_("This is not your current password."), "current")
    with crossing(reading=False) as session:
        brakes = list(registration.brakes_of(f"{person.id} {email}", address, "address"))
        throttle.refuse_haste(session, brakes)
        throttle.note(session, brakes)
        kill_links(session, session.get_one(User, person.id))  # also one that went to a mistyped address
        language = person.language or "fr"
        secret = registration.new_link(session, Purpose.NEW_ADDRESS, email, lifetime=LIFETIME, first_name=person.first_name, language=language, invited_by_id=person.id)
        if session.scalar(select(User.id).where(func.lower(User.email) == email)) is not None:
            notices.address_already_known(session, email, person.first_name, language)
        else:
            notices.new_address(session, email, person.first_name, language, secret)
        session.commit()


def take_address(secret: str, password: str, address: str) -> Side:
    """The person who asked signs in with this address from now on; the one before is told. The link alone is not enough: it may
    have gone to a mistyped address."""
    with crossing() as session:
        link = session.scalar(select(OneTimeLink).where(OneTimeLink.digest == people.digest_of(secret), OneTimeLink.purpose == Purpose.NEW_ADDRESS))
        owner = session.get(User, link.invited_by_id) if link is not None and link.is_open else None
        if owner is None or not owner.active:
            raise RuleBroken(GONE)
    brakes = sign_ins.brakes_of(owner.email, address)
    with crossing(reading=False) as session:
        throttle.admit(session, brakes)
        session.commit()
    if not check_password_hash(owner.password or people.nobodys_hash(), password):
        raise RuleBroken(_("This is not your current password."), "current")
    with crossing(reading=False) as session:
        throttle.release(session, brakes)
        session.commit()
    try:
        return move_to_address(secret)
    except IntegrityError as taken_meanwhile:
        raise RuleBroken(GONE) from taken_meanwhile


def move_to_address(secret: str) -> Side:
    with crossing(reading=False) as session:
        link = taken(session, secret, Purpose.NEW_ADDRESS)
        user = session.get(User, link.invited_by_id)
        held = or_(func.lower(User.email) == link.email, func.lower(User.username) == link.email[:128])
        is_taken = session.scalar(select(User.id).where(held, User.id != link.invited_by_id)) is not None
        if user is None or not user.active or is_taken:
            raise RuleBroken(GONE)
        session.info.update(actor=user.get_full_name(), actor_id=user.id)
        before, language = user.email, user.language or "fr"
        link.used_at = now()
        kill_links(session, user)
        user.email, user.username, user.version = link.email, link.email[:128], user.version + 1
        people.end_sign_ins(session, user.id)
        notices.address_changed(session, before, user.first_name, language, link.email)
        session.commit()
        return user.side

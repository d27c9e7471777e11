"""How a partner's first person comes in: by registering, or by an invitation. Both end in the same one-time link."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.models import Attempt, MemberRole, Membership, OneTimeLink, Partner, PartnerKind, Purpose, Side, User, now
from app.services import identifiers, notices, people, screening, sign_ins, throttle
from app.services.crossings import crossing
from app.services.refusals import RuleBroken
from app.services.throttle import Brake

BEGINNINGS = (Purpose.CONFIRM, Purpose.INVITE)


def new_link(session: Session, purpose: Purpose, email: str, lifetime: timedelta | None = None, **facts: object) -> str:
    """Writes a one-time link and returns its secret; it lives as long as the settings say, if not given; earlier open links to the same address for the same end die."""
    secret = secrets.token_urlsafe(32)
    if purpose in BEGINNINGS:  # whoever forgets a password may follow any of its links; the password kills them all
        same = OneTimeLink.email == email, OneTimeLink.purpose == purpose, OneTimeLink.partner_id == facts.get("partner_id"), OneTimeLink.used_at.is_(None)
        session.execute(update(OneTimeLink).where(*same).values(used_at=now()))
    expires_at = now() + (lifetime or current_app.config["LINK_LIFETIME"])
    session.add(OneTimeLink(digest=people.digest_of(secret), purpose=purpose, email=email, expires_at=expires_at, **facts))
    return secret


MAILS_AN_HOUR = 5  # to one address, whoever asks for them


def brakes_of(email: str, address: str, end: str = "mail") -> tuple[Brake, Brake]:
    """How many mails may be asked for to one end: for one recipient, and from one place. What strangers ask for to another end
    holds up nobody."""
    hour = timedelta(hours=1)
    return Brake(people.digest_of(f"{end}\x00{email}"), MAILS_AN_HOUR, hour), Brake(people.digest_of(f"{end}s from\x00{address}"), MAILS_AN_HOUR * 6, hour)


def register(email: str, first_name: str, last_name: str, language: str, address: str) -> None:
    """Mails a link that confirms the address. Whoever has an account already gets another mail; the page says the same, and
    says it too when this recipient has been written to often enough."""
    with crossing(reading=False) as session:
        to_one, from_one = brakes_of(email, address)
        throttle.refuse_haste(session, [from_one])
        enough = to_one.wait(session.get(Attempt, to_one.key)) > timedelta()
        throttle.note(session, [from_one] if enough else [to_one, from_one])  # what was not mailed does not put off the next mail
        if not enough:
            send_confirmation(session, email, first_name, last_name, language)
        session.commit()


def send_confirmation(session: Session, email: str, first_name: str, last_name: str, language: str) -> None:
    known = session.scalar(select(User.id).where(func.lower(User.email) == email)) is not None
    secret = new_link(session, Purpose.CONFIRM, email, first_name=first_name, last_name=last_name, language=language)
    if known:
        notices.address_already_known(session, email, first_name, language)
    else:
        notices.confirm_address(session, email, first_name, language, secret)


def invite(partner_id: int, by: people.Person, email: str, first_name: str, last_name: str, language: str, role: MemberRole = MemberRole.OWNER) -> None:
    """Mails a one-time link to somebody who will sign in for a partner. Runs on a session of its own."""
    if language not in current_app.config["LANGUAGES"]:
        raise RuleBroken(_("This language is not available."), "language")
    with crossing(reading=False) as session:
        partner = session.get_one(Partner, partner_id)
        if session.scalar(select(Membership.id).join(User, User.id == Membership.user_id).where(Membership.partner_id == partner_id, func.lower(User.email) == email)):
            raise RuleBroken(_("This person already has access."), "email")
        # The sender's own: what strangers ask for at the registration page holds up nobody's invitation.
        brake = Brake(people.digest_of(f"invitation\x00{by.id}\x00{email}"), MAILS_AN_HOUR, timedelta(hours=1))
        throttle.refuse_haste(session, [brake])
        throttle.note(session, [brake])
        facts: dict[str, Any] = {"first_name": first_name, "last_name": last_name, "language": language, "partner_id": partner_id, "role": role, "invited_by_id": by.id}
        secret = new_link(session, Purpose.INVITE, email, **facts)
        notices.invitation(session, email, first_name, language, secret, partner_id, str(partner))
        session.commit()


def pending(partner_id: int) -> list[OneTimeLink]:
    """The invitations of a partner that can still be accepted, the newest first."""
    with crossing() as session:
        wanted = select(OneTimeLink).where(
            OneTimeLink.partner_id == partner_id, OneTimeLink.purpose == Purpose.INVITE, OneTimeLink.used_at.is_(None), OneTimeLink.expires_at > now()
        )
        return list(session.scalars(wanted.order_by(OneTimeLink.id.desc())))


def withdraw(partner_id: int, link_id: int) -> None:
    """Kills an invitation of this partner; raises LookupError when it has none of this number that is open."""
    with crossing(reading=False) as session:
        same = OneTimeLink.id == link_id, OneTimeLink.partner_id == partner_id, OneTimeLink.purpose == Purpose.INVITE
        done: Any = session.execute(update(OneTimeLink).where(*same, OneTimeLink.used_at.is_(None)).values(used_at=now()))
        session.commit()
    if not done.rowcount:
        raise LookupError(link_id)


def inviter_still_may(session: Session, link: OneTimeLink) -> bool:
    """An invitation is worth no more than its sender's own access: staff at work, or an owner of the company."""
    if link.invited_by_id is None:
        return True
    inviter = session.get(User, link.invited_by_id)
    if inviter is None or not inviter.active:
        return False
    owns = Membership.user_id == inviter.id, Membership.partner_id == link.partner_id, Membership.role == MemberRole.OWNER
    return inviter.side is Side.STAFF or session.scalar(select(Membership.id).where(*owns)) is not None


def find_link(secret: str, purposes: tuple[Purpose, ...] = BEGINNINGS) -> OneTimeLink:
    """The open link with this secret for one of these ends; raises RuleBroken in words that fit what happened to it."""
    with crossing() as session:
        link = session.scalar(select(OneTimeLink).where(OneTimeLink.digest == people.digest_of(secret), OneTimeLink.purpose.in_(purposes)))
    if link is None:
        raise RuleBroken(_("This link is not valid. Please check that you have copied it whole."))
    if link.used_at is not None:
        raise RuleBroken(_("This link has already been used, or a newer one has replaced it. You can sign in, or ask for a new one."))
    if not link.is_open:
        raise RuleBroken(_("This link has expired. Please ask for a new one."))
    return link


def has_account(link: OneTimeLink) -> bool:
    """Whether the invited person can sign in already, and so keeps its password."""
    with crossing() as session:
        return session.scalar(select(User.id).where(func.lower(User.email) == link.email, User.side == Side.PARTNER)) is not None


def accept(secret: str, first_name: str, last_name: str, password: str, again: str) -> str | None:
    """Uses the link: makes the account (and, for a registration, the draft file), signs in, returns the cookie's secret.

    Somebody who had an account already signs in with its password afterwards (None): a mailed link opens no existing account."""
    with crossing(reading=False) as session:
        same = OneTimeLink.digest == people.digest_of(secret), OneTimeLink.purpose.in_(BEGINNINGS), OneTimeLink.used_at.is_(None)
        link = session.scalar(select(OneTimeLink).where(*same).with_for_update())
        if link is None or not link.is_open:
            raise RuleBroken(_("This link has already been used. You can sign in, or ask for a new one."))
        if not inviter_still_may(session, link):
            raise RuleBroken(_("This invitation is no longer valid. Please ask your company for a new one."))
        user = session.scalar(select(User).where(func.lower(User.email) == link.email))
        if user is not None and user.side is not Side.PARTNER:
            raise RuleBroken(_("This address belongs to a member of staff. Please use another one."))
        is_new = user is None
        if user is None:
            user = new_person(session, link, first_name, last_name, people.hash_password(password, again, [first_name, last_name, link.email, company_of(session, link)]))
        elif link.purpose is Purpose.CONFIRM or not user.active:
            raise RuleBroken(_("This address already has an account. Please sign in."))
        session.info.update(actor=user.get_full_name(), actor_id=user.id)
        partner_id = link.partner_id or new_draft(session, link, user).id
        session.add(Membership(user_id=user.id, partner_id=partner_id, role=link.role))
        screening.ask(partner_id, user.get_full_name(), session)
        link.used_at = now()
        session.flush()
        cookie = sign_ins.open_sign_in(session, user.id, partner_id) if is_new else None
        session.commit()
        return cookie


def company_of(session: Session, link: OneTimeLink) -> str:
    """The company that a link belongs to: part of what others know."""
    partner = session.get(Partner, link.partner_id) if link.partner_id is not None else None
    return str(partner) if partner is not None else ""


def new_person(session: Session, link: OneTimeLink, first_name: str, last_name: str, password: str) -> User:
    if not first_name.strip() or not last_name.strip():
        raise RuleBroken(_("Please enter your first name and your last name."), "first_name" if not first_name.strip() else "last_name")
    user = User(
        first_name=first_name.strip()[:64],
        last_name=last_name.strip()[:64],
        username=link.email[:128],
        email=link.email,
        password=password,
        side=Side.PARTNER,
        language=link.language,
        active=True,
    )
    session.add(user)
    session.flush()
    return user


def new_draft(session: Session, link: OneTimeLink, user: User) -> Partner:
    partner = Partner(name="", email=link.email, kind=PartnerKind.INSURANCE_BROKER)
    session.add(partner)
    session.flush()
    return partner


def clean_email(text: str) -> str:
    try:
        return identifiers.email(text)
    except RuleBroken as refusal:
        raise RuleBroken(refusal.sentence, "email") from refusal

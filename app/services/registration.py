"""How a partner's first person comes in: by registering, or by an invitation. Both end in the same one-time link."""

from __future__ import annotations

import secrets

from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.models import MemberRole, Membership, OneTimeLink, Partner, PartnerKind, Purpose, Side, User, now
from app.services import identifiers, notices, people
from app.services.crossings import crossing
from app.services.refusals import RuleBroken


def new_link(session: Session, purpose: Purpose, email: str, **facts: object) -> str:
    """Writes a one-time link and returns its secret; earlier open links to the same address for the same end die."""
    secret = secrets.token_urlsafe(32)
    same = OneTimeLink.email == email, OneTimeLink.purpose == purpose, OneTimeLink.partner_id == facts.get("partner_id"), OneTimeLink.used_at.is_(None)
    session.execute(update(OneTimeLink).where(*same).values(used_at=now()))
    session.add(OneTimeLink(digest=people.digest_of(secret), purpose=purpose, email=email, expires_at=now() + current_app.config["LINK_LIFETIME"], **facts))
    return secret


def register(email: str, first_name: str, last_name: str, language: str) -> None:
    """Mails a link that confirms the address. Whoever has an account already gets another mail; the page says the same."""
    with crossing(reading=False) as session:
        known = session.scalar(select(User.id).where(func.lower(User.email) == email)) is not None
        secret = new_link(session, Purpose.CONFIRM, email, first_name=first_name, last_name=last_name, language=language)
        if known:
            notices.address_already_known(session, email, first_name, language)
        else:
            notices.confirm_address(session, email, first_name, language, secret)
        session.commit()


def invite(partner_id: int, email: str, first_name: str, last_name: str, language: str, role: MemberRole = MemberRole.OWNER) -> None:
    """Mails a one-time link to somebody who will sign in for a partner. Runs on a session of its own."""
    with crossing(reading=False) as session:
        partner = session.get_one(Partner, partner_id)
        if session.scalar(select(Membership.id).join(User, User.id == Membership.user_id).where(Membership.partner_id == partner_id, func.lower(User.email) == email)):
            raise RuleBroken(_("This person already has access."), "email")
        secret = new_link(session, Purpose.INVITE, email, first_name=first_name, last_name=last_name, language=language, partner_id=partner_id, role=role)
        notices.invitation(session, email, first_name, language, secret, partner_id, str(partner))
        session.commit()


def find_link(secret: str) -> OneTimeLink:
    """The open link with this secret; raises RuleBroken in words that fit what happened to it."""
    with crossing() as session:
        link = session.scalar(select(OneTimeLink).where(OneTimeLink.digest == people.digest_of(secret)))
    if link is None:
        raise RuleBroken(_("This link is not valid. Please check that you have copied it whole."))
    if link.used_at is not None:
        raise RuleBroken(_("This link has already been used. You can sign in, or ask for a new one."))
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
        link = session.scalar(select(OneTimeLink).where(OneTimeLink.digest == people.digest_of(secret), OneTimeLink.used_at.is_(None)).with_for_update())
        if link is None or not link.is_open:
            raise RuleBroken(_("This link has already been used. You can sign in, or ask for a new one."))
        user = session.scalar(select(User).where(func.lower(User.email) == link.email))
        if user is not None and user.side is not Side.PARTNER:
            raise RuleBroken(_("This address belongs to a member of staff. Please use another one."))
        is_new = user is None
        if user is None:
            user = new_person(session, link, first_name, last_name, people.hash_password(password, again))
        elif link.purpose is Purpose.CONFIRM or not user.active:
            raise RuleBroken(_("This address already has an account. Please sign in."))
        session.info.update(actor=user.get_full_name(), actor_id=user.id)
        partner_id = link.partner_id or new_draft(session, link, user).id
        session.add(Membership(user_id=user.id, partner_id=partner_id, role=link.role))
        link.used_at = now()
        session.flush()
        cookie = people.open_sign_in(session, user.id, partner_id) if is_new else None
        session.commit()
        return cookie


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

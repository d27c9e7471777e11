"""People of a partner: their roles, and the end of their access. A company always keeps an owner who can sign in."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import MemberRole, Membership, User
from app.models.scope import scope_of
from app.services.crossings import crossing
from app.services.people import end_sign_ins
from app.services.refusals import RuleBroken

LAST_OWNER = _("This is the last owner of the company. Make somebody else an owner first.")


def owners(partner_id: int, session: Session | None = None) -> list[User]:
    """Who may act and sign for a partner: its owners who can sign in, the one who opened its file first. Read as the house itself,
    or in a session that has just written some of them."""
    own = Membership.partner_id == partner_id, Membership.role == MemberRole.OWNER, User.active.is_(True)
    wanted = select(User).join(Membership, Membership.user_id == User.id).where(*own).order_by(Membership.id)
    if session is not None:
        return list(session.scalars(wanted))
    with crossing() as reading:
        return list(reading.scalars(wanted))


def saving(member: Membership, new: bool) -> None:
    """Rules that hold whoever changes a person of a partner."""
    if new or not inspect(member).attrs.role.history.has_changes():
        return
    if member.role is not MemberRole.OWNER:
        refuse_without_owner(member, "role")
    if scope_of(db.session()).sees_everything:  # a partner's own people may not touch sign-ins: there the page does it
        end_sign_ins(db.session(), member.user_id, partner_id=member.partner_id)


def refuse_without_owner(member: Membership, field: str | None = None) -> None:
    """Raises RuleBroken when nobody else could act for the company any more. The company's memberships are held until the end of
    the transaction, so that two owners do not take each other's role at the same moment."""
    with db.session.no_autoflush:
        held = db.session.execute(select(Membership.id, Membership.role, Membership.user_id).where(Membership.partner_id == member.partner_id).with_for_update()).all()
        others = [row.user_id for row in held if row.role is MemberRole.OWNER and row.id != member.id]
        was_owner = any(row.id == member.id and row.role is MemberRole.OWNER for row in held)
        active = db.session.scalar(select(User.id).where(User.id.in_(others), User.active.is_(True)).limit(1)) if others else None
    if was_owner and active is None:
        raise RuleBroken(LAST_OWNER, field)


def remove(member: Membership) -> None:
    """Ends somebody's access to the company; nothing else of the person goes."""
    if member.role is MemberRole.OWNER:
        refuse_without_owner(member)
    db.session.delete(member)

"""Who signs in, what they may do and whose rows they see. Rights are cached under a version that the database keeps."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, Integer, String, bindparam, case, delete, func, literal_column, select, update
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from app.extensions import house_engine, reads_only
from app.models import (
    Alert,
    Choice,
    Draft,
    MatchStatus,
    Membership,
    Partner,
    PartnerStatus,
    Preference,
    RightsVersion,
    Role,
    ScreeningMatch,
    SecondFactor,
    Side,
    SignIn,
    Task,
    User,
    now,
    today,
)
from app.models.scope import NOBODY, STAFF_SCOPE, Scope, ScopeKind
from app.permissions import (
    BY_NAME,
    NONE,
    PORTAL_TABLE,
    STAFF_ROLES,
    Access,
    Level,
    Rights,
    rights_of,
)
from app.services import preferences, weak
from app.services.crossings import crossing
from app.services.preferences import ListView
from app.services.refusals import RuleBroken

BEFORE_OPENING = {PartnerStatus.DRAFT, PartnerStatus.SUBMITTED, PartnerStatus.TO_SIGN, PartnerStatus.PENDING_VALIDATION, PartnerStatus.REFUSED}
KEPT = 5_000


Key = tuple[int, int | None, int, int]  # the person, its cabinet, and the versions of everybody's rights and of its preferences


@dataclass(frozen=True)
class Person:
    """Who is signed in, in which cabinet, with which rights and scope."""

    id: int
    name: str
    first_name: str
    email: str
    side: Side
    language: str | None
    theme: str | None
    density: str | None
    photo: str | None
    rights: Rights
    scope: Scope
    role_names: tuple[str, ...]
    partner_id: int | None = None
    partner_name: str = ""
    partner_logo: str | None = None
    partner_status: PartnerStatus | None = None
    cabinets: int = 0
    preferences: dict[str, Any] = field(default_factory=dict, compare=False)
    views: tuple[ListView, ...] = ()
    key: Key = (0, None, 0, 0)

    def may(self, access: Access, level: Level) -> bool:
        return self.rights.get(access.name, NONE) >= level

    @cached_property
    def rights_key(self) -> str:
        """The same for everybody with the same rights."""
        return " ".join(f"{name}={level:d}" for name, level in sorted(self.rights.items()))

    @property
    def is_staff(self) -> bool:
        return self.side is Side.STAFF


_cache: OrderedDict[Key, Person] = OrderedDict()


@dataclass(frozen=True)
class Waiting:
    """How much calls for work: alerts nobody has handled, files to validate, one's own tasks that are due, forms one has
    begun and not saved, and matches in watch lists to decide on."""

    alerts: int = 0
    files: int = 0
    tasks: int = 0
    drafts: int = 0
    unread: int = 0
    matches: int = 0


def said(value: Choice) -> ColumnElement[str]:
    """A choice that stands in a statement itself, so that a planner knows how many rows have it."""
    return literal_column(f"'{value.value}'", String)


# Counted for staff beside WHO, because another statement would cost as much as a list's rows.
WAITING = {
    "alerts": select(func.count()).select_from(Alert).where(Alert.handled_at.is_(None)),
    "unread": select(func.count()).select_from(Alert).where(Alert.handled_at.is_(None), Alert.id > func.coalesce(Preference.alerts_seen, 0)).correlate(Preference),
    "files": select(func.count()).select_from(Partner).where(Partner.status == said(PartnerStatus.PENDING_VALIDATION)),
    "matches": select(func.count()).select_from(ScreeningMatch).where(ScreeningMatch.status == said(MatchStatus.OPEN)),
    "tasks": select(func.count()).select_from(Task).where(Task.assignee_id == SignIn.user_id, Task.done_on.is_(None), Task.due_on <= bindparam("day")).correlate(SignIn),
}
COUNTS = [case((User.side == said(Side.STAFF), count.scalar_subquery()), else_=literal_column("0", Integer)).label(name) for name, count in WAITING.items()]

DRAFTS = select(func.count()).select_from(Draft).where(Draft.user_id == SignIn.user_id).correlate(SignIn).scalar_subquery().label("drafts")

# One statement on every request; everything else about the person comes from the cache until the version moves.
WHO = (
    select(SignIn.id, SignIn.user_id, SignIn.partner_id, RightsVersion.number, Preference.number.label("preferences"), *COUNTS, DRAFTS)
    .join(User, User.id == SignIn.user_id)
    .join(RightsVersion, RightsVersion.id == literal_column("1", Integer))
    .outerjoin(Preference, Preference.user_id == SignIn.user_id)
    .where(
        SignIn.ended_at.is_(None),
        SignIn.awaits == literal_column("''", String),
        User.active.is_(True),
        SignIn.digest == bindparam("digest"),
        SignIn.expires_at > bindparam("moment"),
    )
)


@cache
def nobodys_hash() -> str:
    """What a password is compared with where there is none, so that an unknown account takes as long as a known one."""
    return generate_password_hash(secrets.token_hex(16))


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def identify(secret: str | None) -> tuple[Person | None, Waiting]:
    """The person behind a cookie's secret, or None when it is unknown, ended, expired or deactivated; and what waits for it."""
    row = read_sign_in({"digest": digest_of(secret), "moment": now(), "day": today()}) if secret else None
    return (person_of(row), Waiting(row.alerts, row.files, row.tasks, row.drafts, row.unread, row.matches)) if row is not None else (None, Waiting())


def person_of(row: Any) -> Person | None:
    """The person of a WHO row, from the cache until a version moves."""
    key = (row.user_id, row.partner_id, row.number, row.preferences or 0)
    person = _cache.get(key)
    if person is None:
        with crossing() as session:
            person = describe(session, key)
        if person is None:
            return None
        _cache[key] = person
        while len(_cache) > KEPT:
            _cache.popitem(last=False)
    return person


def read_sign_in(values: dict[str, Any]) -> Any:
    """Runs WHO outside the request's transaction, whose role it decides."""
    before = reads_only.set(True)
    try:
        with house_engine().connect() as connection:
            return connection.execute(WHO, values).first()
    finally:
        reads_only.reset(before)


def forget_rights() -> None:
    """Empties this process's cache; the version row makes it unnecessary outside tests."""
    _cache.clear()


def describe(session: Session, key: Key) -> Person | None:
    """Reads all that a request needs to know about a person."""
    user = session.get(User, key[0])
    if user is None:
        return None
    if user.side is Side.STAFF:
        names = tuple(role.name for role in user.roles)
        facts: dict[str, Any] = {"rights": staff_rights(user.roles), "scope": STAFF_SCOPE if names else NOBODY, "role_names": names}
    else:
        found = partner_facts(session, user, key[1])
        if found is None:
            return None
        facts = found
    return Person(
        user.id,
        user.get_full_name(),
        user.first_name,
        user.email,
        user.side,
        user.language,
        user.theme,
        user.density,
        user.photo,
        key=key,
        **facts,
        **preferences.of_person(session, user, facts["role_names"]),
    )


def staff_rights(roles: list[Role]) -> Rights:
    """The built-in table's rights, and those of roles that administrators added."""
    rights = rights_of([role.name for role in roles if role.name in STAFF_ROLES])
    for role in roles:
        if role.name in STAFF_ROLES:
            continue
        for permission in role.permissions:
            access, level = permission.view_menu.name, permission.permission.name.removeprefix("can_").upper()
            if access in BY_NAME and not BY_NAME[access].is_portal and level in Level.__members__:
                rights[access] = max(rights.get(access, NONE), Level[level])
    return rights


def partner_facts(session: Session, user: User, partner_id: int | None) -> dict[str, Any] | None:
    memberships = memberships_of(session, user.id)
    chosen = next((membership for membership in memberships if membership.partner_id == partner_id), None)
    if chosen is None:
        return None
    partner = chosen.partner
    common: dict[str, Any] = {
        "partner_id": partner.id,
        "partner_name": str(partner),
        "partner_logo": partner.logo,
        "partner_status": partner.status,
        "cabinets": len(memberships),
        "role_names": (chosen.role.value,),
    }
    if partner.status in BEFORE_OPENING:
        return common | {"rights": {}, "scope": Scope(ScopeKind.APPLICANT, (partner.id,), user.id)}
    if not partner.is_open:
        return None
    rights = {access.name: level for access in PORTAL_TABLE if (level := access.level_of(chosen.role.value))}
    return common | {"rights": rights, "scope": scope_of_member(session, partner.id, user.id, chosen.own_clients_only)}


def scope_of_member(session: Session, partner_id: int, user_id: int | None, own_clients_only: bool) -> Scope:
    """What somebody who works for a partner reaches on the portal: its rows, and those of the agents under it."""
    return Scope(ScopeKind.PARTNER, (partner_id, *agents_of(session, partner_id)), user_id, own_clients_only)


def memberships_of(session: Session, user_id: int) -> list[Membership]:
    return list(session.scalars(select(Membership).where(Membership.user_id == user_id).order_by(Membership.id)))


def agents_of(session: Session, partner_id: int) -> list[int]:
    """The partners that work under this one, at any depth."""
    tree = select(Partner.id).where(Partner.parent_id == partner_id).cte("tree", recursive=True)
    tree = tree.union(select(Partner.id).join(tree, Partner.parent_id == tree.c.id))
    return [found for found in session.scalars(select(tree.c.id)) if found != partner_id]


def end_sign_ins(session: Session, user_id: int, but: str = "", partner_id: int | None = None) -> None:
    """Shuts every browser this person is signed in with: all but the one with this digest, or only those within one partner. A
    second factor that one of them has begun and not confirmed goes with them."""
    ended = update(SignIn).where(SignIn.user_id == user_id, SignIn.ended_at.is_(None), SignIn.digest != but)
    session.execute((ended.where(SignIn.partner_id == partner_id) if partner_id is not None else ended).values(ended_at=now()))
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_(None), SecondFactor.begun_by != but))


def hash_password(password: str, again: str | None = None, known: Iterable[str] = ()) -> str:
    """Raises RuleBroken for a password that is easy to guess (`known`: what others know of the person) or was not repeated."""
    weak.refuse(password, known)
    if again is not None and password != again:
        raise RuleBroken(_("The two passwords are not the same."), "password_again")
    return generate_password_hash(password)

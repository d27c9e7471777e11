"""Staff, and the roles that administrators add for them beside the built-in table (app/permissions.py)."""

from __future__ import annotations

import hashlib
import json

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from app.extensions import db
from app.models import PermissionView, Role, Side, User
from app.permissions import BY_NAME, NONE, PARTNER_ROLES, STAFF_ROLES, STAFF_TABLE, Level, Rights
from app.services import notices, passwords, people
from app.services.refusals import STALE, RuleBroken

ADMINISTRATOR = "administrator"


def is_built_in(role: Role) -> bool:
    return role.name in STAFF_ROLES


def words_of(role: Role) -> str:
    return str(STAFF_ROLES.get(role.name, role.name))


def staff_roles() -> list[Role]:
    """The built-in roles in their order, then the added ones by name."""
    order = list(STAFF_ROLES)
    return sorted(db.session.scalars(select(Role)), key=lambda role: (order.index(role.name) if role.name in order else len(order), role.name.lower()))


def holders() -> dict[int, int]:
    """How many of the staff have each role, by the role's number."""
    counted = select(Role.id, func.count(User.id).label("people")).join(User.roles).where(User.side == Side.STAFF).group_by(Role.id)
    return {row.id: row.people for row in db.session.execute(counted)}


def levels_of(role: Role) -> dict[str, Level]:
    """What an added role may do, kind by kind."""
    found: dict[str, Level] = {}
    for permission in role.permissions:
        name, level = permission.view_menu.name, permission.permission.name.removeprefix("can_").upper()
        if name in BY_NAME and level in Level.__members__:
            found[name] = max(found.get(name, NONE), Level[level])
    return found


def mark_of(role: Role | None) -> str:
    """A digest of a role as it stands, which its form brings back: a changed one means that somebody else saved meanwhile."""
    stands = [role.name, sorted((name, level.name) for name, level in levels_of(role).items())] if role else []
    return hashlib.sha256(json.dumps(stands).encode()).hexdigest()[:16]


def save_role(role: Role | None, by: people.Person, name: str, levels: dict[str, Level], mark: str) -> Role:
    """Adds or changes a role that stood as `mark` says; raises RuleBroken if it no longer does, and for a name that is missing,
    too long or taken."""
    if role is not None:
        db.session.refresh(role, with_for_update=True)
        if mark != mark_of(role):
            raise RuleBroken(STALE)
    if not name:
        raise RuleBroken(_("Please enter a name."), "name")
    if len(name) > 64:
        raise RuleBroken(_("At most %(limit)s characters; you typed %(typed)s.", limit=64, typed=len(name)), "name")
    taken = db.session.scalar(select(Role.id).where(func.lower(Role.name) == name.lower(), Role.id != (role.id if role else 0)))
    if taken is not None or name.lower() in STAFF_ROLES or name.lower() in PARTNER_ROLES:
        raise RuleBroken(_("There is a role with this name already."), "name")
    refuse_rising(levels, by)
    if role is None:
        role = Role(name=name)
        db.session.add(role)
    role.name = name
    wanted = {(f"can_{level.name.lower()}", kind) for kind, level in levels.items() if level and kind in {access.name for access in STAFF_TABLE}}
    role.permissions = [pair for pair in db.session.scalars(select(PermissionView)) if (pair.permission.name, pair.view_menu.name) in wanted]
    return role


def delete_role(role: Role) -> None:
    if is_built_in(role):
        raise RuleBroken(_("A built-in role cannot be deleted."))
    if db.session.scalar(select(func.count()).select_from(User).where(User.roles.any(Role.id == role.id))):
        raise RuleBroken(_("Somebody still has this role. Take it away from them first."))
    role.permissions = []
    db.session.flush()
    db.session.delete(role)


def refuse_rising(rights: Rights, by: people.Person) -> None:
    """Nobody gives rights that they do not have, to themselves or to others."""
    if any(level > by.rights.get(kind, NONE) for kind, level in rights.items()):
        raise RuleBroken(_("You cannot give, change or take away rights that you do not have yourself."), "roles")


def save_staff(user: User | None, by: people.Person, first_name: str, last_name: str, email: str, role_ids: list[int], active: bool, password: str) -> User:
    """Adds or changes a member of staff. The last administrator keeps the role and stays active."""
    taken = db.session.scalar(select(User.id).where(func.lower(User.email) == email, User.id != (user.id if user else 0)))
    if taken is not None:
        raise RuleBroken(_("Somebody has this e-mail address already."), "email")
    chosen = list(db.session.scalars(select(Role).where(Role.id.in_(role_ids))))
    if not chosen:
        raise RuleBroken(_("Please choose at least one role."), "roles")
    refuse_rising(people.staff_rights(chosen), by)
    if user is not None:
        refuse_rising(people.staff_rights(user.roles), by)
    if user is not None and is_last_administrator(user) and not (active and any(role.name == ADMINISTRATOR for role in chosen)):
        raise RuleBroken(_("The house needs at least one active administrator."), "roles")
    if user is not None and user.id == by.id and (password or email != (user.email or "").lower()):
        raise RuleBroken(_("Your own address and password are changed under “My settings”."), "password" if password else "email")
    if user is None:
        if not password:
            raise RuleBroken(_("Please choose a first password."), "password")
        user = User(username=email[:128], side=Side.STAFF, language="fr")
        db.session.add(user)
    before, roles_before = user.email or "", {role.name for role in user.roles}
    user.first_name, user.last_name, user.email, user.active, user.roles = first_name, last_name, email, active, chosen
    user.username = email[:128]
    if password:
        user.password = people.hash_password(password, known=[first_name, last_name, email])
    db.session.flush()
    user.version = (user.version or 0) + 1
    if password or not active or before != email or roles_before != {role.name for role in chosen}:
        people.end_sign_ins(db.session(), user.id)
        passwords.kill_links(db.session(), user, before.lower())
    if before and before != email:
        notices.address_changed(db.session(), before, first_name, user.language or "fr", email)
    if before and password:
        notices.password_changed(db.session(), email, first_name, user.language or "fr")
    return user


def is_last_administrator(user: User) -> bool:
    others = select(func.count()).select_from(User).where(User.id != user.id, User.active.is_(True), User.side == Side.STAFF, User.roles.any(Role.name == ADMINISTRATOR))
    return any(role.name == ADMINISTRATOR for role in user.roles) and not db.session.scalar(others)

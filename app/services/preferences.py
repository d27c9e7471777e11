"""What a person sets for itself, and the lists kept under a name: its own, and those shared with a role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import false, func, or_, select
from sqlalchemy.orm import Session

from app.models import Preference, RightsVersion, SavedView, Side, User
from app.services.crossings import crossing
from app.services.refusals import RuleBroken

PINS, VIEWS = 20, 50  # how many a person may keep


@dataclass(frozen=True)
class ListView:
    """A saved list as a page shows it."""

    id: int
    name: str
    place: str
    query: str
    is_mine: bool
    role: str | None


def of_person(session: Session, user: User, role_names: tuple[str, ...]) -> dict[str, Any]:
    """The preferences and saved views of a person, read once per change (services/people.py)."""
    kept = session.get(Preference, user.id)
    shared = SavedView.role.in_(role_names) if user.side is Side.STAFF else false()
    found = session.scalars(select(SavedView).where(or_(SavedView.owner_id == user.id, shared)).order_by(func.lower(SavedView.name), SavedView.id))
    views = tuple(ListView(view.id, view.name, view.place, view.query, view.owner_id == user.id, view.role) for view in found)
    return {"preferences": dict(kept.values) if kept else {}, "views": views}


def change(user_id: int, name: str, value: Any) -> None:
    """Sets one preference; None takes it away. To be called before the request's own session has begun."""
    with crossing(reading=False) as session:
        kept = locked(session, user_id)
        kept.values = {key: held for key, held in (kept.values | {name: value}).items() if held is not None}
        session.commit()


def locked(session: Session, user_id: int) -> Preference:
    """The person's row, made if there is none, under a lock, and its number moved on."""
    session.scalar(select(User.id).where(User.id == user_id).with_for_update())  # two first changes at once make one row
    kept = session.get(Preference, user_id, populate_existing=True)
    if kept is None:
        kept = Preference(user_id=user_id, values={}, number=0)
        session.add(kept)
    kept.number += 1
    return kept


def set_pin(user_id: int, place: str, record_id: int, wanted: bool) -> None:
    """Pins a record, or takes the pin away; the same again changes nothing. Raises RuleBroken when there are too many."""
    with crossing(reading=False) as session:
        kept = locked(session, user_id)
        others = [pin for pin in kept.values.get("pins", []) if pin != [place, record_id]]
        if wanted and len(others) >= PINS:
            raise RuleBroken(_("You have pinned %(limit)s records already. Take a pin away first.", limit=PINS))
        kept.values = kept.values | {"pins": [[place, record_id], *others] if wanted else others}
        session.commit()


def save_view(user_id: int, place: str, name: str, query: str, role: str | None, is_default: bool) -> int:
    """Keeps a list under a name; the same name again replaces it. Returns its number; raises RuleBroken."""
    if not name:
        raise RuleBroken(_("Please enter a name."), "name")
    if len(name) > 60:
        raise RuleBroken(_("At most %(limit)s characters; you typed %(typed)s.", limit=60, typed=len(name)), "name")
    if len(query) > 2000:
        raise RuleBroken(_("This list has too many filters to be kept."), "name")
    with crossing(reading=False) as session:
        kept = locked(session, user_id)
        view = session.scalar(select(SavedView).where(SavedView.owner_id == user_id, SavedView.place == place, SavedView.name == name))
        if view is None:
            if (session.scalar(select(func.count()).select_from(SavedView).where(SavedView.owner_id == user_id)) or 0) >= VIEWS:
                raise RuleBroken(_("You have kept %(limit)s views already. Delete one first.", limit=VIEWS), "name")
            view = SavedView(owner_id=user_id, place=place, name=name)
            session.add(view)
        if role or view.role:
            everybody_notices(session)
        view.query, view.role = query, role
        session.flush()
        defaults = kept.values.get("defaults", {})
        defaults = {key: held for key, held in defaults.items() if held != view.id} | ({place: view.id} if is_default else {})
        kept.values = kept.values | {"defaults": defaults}
        session.commit()
        return view.id


def set_default(user_id: int, place: str, view_id: int | None) -> None:
    """The view that a list opens with; None for the whole list."""
    with crossing(reading=False) as session:
        kept = locked(session, user_id)
        defaults = {key: held for key, held in kept.values.get("defaults", {}).items() if key != place}
        kept.values = kept.values | {"defaults": defaults | ({place: view_id} if view_id else {})}
        session.commit()


def delete_view(user_id: int, view_id: int) -> bool:
    """Deletes one of the person's own views; says whether there was one."""
    with crossing(reading=False) as session:
        view = session.get(SavedView, view_id)
        if view is None or view.owner_id != user_id:
            return False
        locked(session, user_id)
        if view.role:
            everybody_notices(session)
        session.delete(view)
        session.commit()
        return True


def everybody_notices(session: Session) -> None:
    """A shared view has changed: what every process remembers of people is read again."""
    version = session.get_one(RightsVersion, 1, with_for_update=True, populate_existing=True)
    version.number += 1

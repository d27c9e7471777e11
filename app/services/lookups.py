"""The lists that administrators keep: read once for everybody, and changed row by row."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import gettext, ngettext
from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from app.extensions import kept_lists
from app.models import LOOK_UPS, LookUpRow, Model
from app.models.lookups import CODE_LENGTH, Entry, territories
from app.services.refusals import RuleBroken

NAME_LENGTH = 80
CODE = re.compile(r"[a-z][a-z0-9_]*")

# Every list in one statement, in the administrators' order.
ALL = union_all(
    *(select(literal(row.listed.name_of_list).label("list"), row.code, row.names, row.position, row.offered, row.id) for row in LOOK_UPS),
)


def as_kept(rows: list[Any]) -> dict[str, dict[str, Entry]]:
    """The rows of ALL as a process keeps them: list, code, entry."""
    found: dict[str, dict[str, Entry]] = {row.listed.name_of_list: {} for row in LOOK_UPS}
    for row in sorted(rows, key=lambda row: (row.position, row.id)):
        found[row.list][row.code] = Entry({language: name for language, name in (row.names or {}).items() if name}, row.offered)
    return found


def counts() -> dict[str, int]:
    """How many values each list offers, as this process last read them."""
    return {name: sum(entry.offered for entry in entries.values()) for name, entries in kept_lists().items()}


def add(session: Session, entity: type[LookUpRow], code: str, names: dict[str, str]) -> LookUpRow:
    """A new value at the end of its list. Raises RuleBroken for a code or names that will not do."""
    code = code.strip()
    if entity.listed.name_of_list == "country":
        code = code.upper()
        if code not in territories("fr"):
            raise RuleBroken(gettext("There is no country of this code. ISO 3166 has two letters for each, for example IT."), "code")
    elif not CODE.fullmatch(code) or len(code) > CODE_LENGTH:
        raise RuleBroken(gettext("A code is made of small letters, digits and _, at most %(limit)s, and begins with a letter.", limit=CODE_LENGTH), "code")
    elif not any(names.values()):
        raise RuleBroken(gettext("Please give it a name."), "names")
    if session.scalar(select(entity.id).where(entity.code == code)) is not None:
        raise RuleBroken(gettext("The list holds this code already."), "code")
    last = session.scalar(select(func.max(entity.position))) or 0
    row = entity(code=code, names=checked(entity, names), position=last + 10)
    session.add(row)
    session.flush()
    return row


def change(session: Session, row: LookUpRow, names: dict[str, str], position: int, offered: bool) -> None:
    """Names, place and whether it is offered. Raises RuleBroken; a value without any name would be shown by its code."""
    if not row.is_built_in and not str(row.listed.of(row.code).said()) and not any(names.values()):
        raise RuleBroken(gettext("Please give it a name."), "names")
    if not offered and not others_offered(session, row):
        raise RuleBroken(gettext("At least one value of a list is offered."), "offered")
    row.names, row.position, row.offered = checked(type(row), names), position, offered
    session.flush()


def others_offered(session: Session, row: LookUpRow) -> bool:
    entity = type(row)
    return session.scalar(select(entity.id).where(entity.id != row.id, entity.offered.is_(True)).limit(1)) is not None


def checked(entity: type[LookUpRow], names: dict[str, str]) -> dict[str, str]:
    """The names that are given, each within its limit."""
    for name in names.values():
        if len(name) > NAME_LENGTH:
            raise RuleBroken(gettext("At most %(limit)s characters; you typed %(typed)s.", limit=NAME_LENGTH, typed=len(name)), "names")
    return {language: name for language, name in names.items() if name}


def remove(session: Session, row: LookUpRow) -> None:
    """Takes a value out of its list. Raises RuleBroken for one that the program names, or that something has."""
    if row.is_built_in and row.listed.name_of_list != "country":
        raise RuleBroken(gettext("The program’s rules name this value: it can be renamed, or no longer offered, but not deleted."))
    used = uses(session, row)
    if used:
        raise RuleBroken(
            ngettext("%(num)s record has this value. You can stop offering it instead.", "%(num)s records have this value. You can stop offering it instead.", used)
        )
    if not others_offered(session, row):
        raise RuleBroken(gettext("At least one value of a list is offered."))
    session.delete(row)
    session.flush()


def uses(session: Session, row: LookUpRow) -> int:
    """How many records have a value; countries are only shown first, and can always go."""
    table = type(row).__table__
    columns = [column for mapper in Model.registry.mappers for column in mapper.local_table.columns if any(key.column.table is table for key in column.foreign_keys)]
    return sum(session.scalar(select(func.count()).select_from(column.table).where(column == row.listed.of(row.code))) or 0 for column in columns)

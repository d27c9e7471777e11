"""Whose files a store keeps: one house to a folder or bucket, for what no row of the house names is put away at night."""

from __future__ import annotations

import secrets
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.connectors import files
from app.connectors.files.local import LocalStore
from app.models import Setting
from app.services.crossings import crossing

HOUSE = "house"


class NotOurs(Exception):
    """Another house keeps its files there."""


def house(session: Session) -> str:
    """The name of this house among stores: made once, kept with its settings, and so in its backups too. The caller commits."""
    known = session.scalar(select(Setting.value).where(Setting.key == HOUSE))
    if known is None:
        known = secrets.token_hex(16)
        session.add(Setting(key=HOUSE, value=known))
    return str(known)


def name() -> str:
    with crossing(reading=False) as session:
        found = house(session)
        session.commit()
        return found


def claim(instead_of: str = "") -> None:
    """Notes with the store that its files are this house's; raises NotOurs, and StoreRefuses or StoreGone as the store does."""
    ours = name()
    if files.chosen.own(ours, instead_of) != ours:
        raise NotOurs("Another house keeps its files in this place. Give each house a FILE_STORE (or a folder) of its own.")


def copy_from(folder: Path) -> tuple[int, int]:
    """Copies every file of a folder into the chosen store; returns how many were copied and how many were there already."""
    source, copied, there = LocalStore(str(folder)), 0, 0
    for key in source.every_key():
        if put_back(key, b"".join(source.read(key))):
            copied += 1
        else:
            there += 1
    return copied, there


def put_back(key: str, content: bytes) -> bool:
    """Puts a file under the key that it had; returns whether it was missing. Raises FileExistsError if another one lies there."""
    try:
        files.chosen.put(key, content)
    except FileExistsError:
        if b"".join(files.chosen.read(key)) != content:
            raise
        return False
    return True

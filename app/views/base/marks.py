"""Records that a person comes back to: those it pinned, and those it opened last."""

from __future__ import annotations

from typing import Any

from flask import session

from app.views.base.guards import signed_in

REMEMBERED = 8


def remember(base: str, record_id: int) -> None:
    """Notes in the person's own cookie that it has opened a record; `base` is the address of its list."""
    place, before = [base, record_id], session.get("recent", [])
    if before[:1] != [place]:
        session["recent"] = [place, *(each for each in before if each != place)][:REMEMBERED]


def recent() -> list[list[Any]]:
    return session.get("recent", [])


def pins() -> list[list[Any]]:
    return signed_in().preferences.get("pins", [])


def is_pinned(base: str, record_id: int) -> bool:
    return [base, record_id] in pins()

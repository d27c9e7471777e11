"""What an entity's declaration says beside its columns: the rules behind it, and what partners get of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask_babel import LazyString
from sqlalchemy import ColumnElement

from app.permissions import Access


@dataclass(frozen=True)
class Rules:
    """The service functions that stand behind an entity: `saving` and `removing` may refuse, `saved` follows in the same transaction."""

    saving: Callable[[Any, bool], None] | None = None
    saved: Callable[[Any, bool], None] | None = None
    removing: Callable[[Any], None] | None = None
    became: Callable[[int], int | None] | None = None  # the record that one which is gone is part of now


@dataclass(frozen=True)
class Portal:
    """What partners see of an entity: a view of its own, with its own rights and only the columns named here."""

    access: Access
    list_columns: list[str]
    under: dict[str, str] | None = None  # as staff see it, if not given
    filters: list[str] | None = None  # the columns of the list, if not given
    form: dict[LazyString, list[str]] = field(default_factory=dict)
    show: dict[LazyString, list[str]] = field(default_factory=dict)
    search: bool = False
    slug: str = ""
    title: LazyString | None = None
    icon: str = "circle"
    tabs: tuple[str, ...] = ()
    adds: bool = True
    where: Callable[[], list[ColumnElement[bool]]] | None = None  # narrower than the scope

"""History: who changed what and when. Values lie in a table that can be erased; a chain of digests runs over all entries.

The chain: each entry's digest covers the previous entry's digest, the entry itself and the digest of its values, so a row
changed, removed or inserted behind the application's back breaks it, while values may be erased lawfully (DOMAIN 8).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import INTERNAL, Choice, Model, Moment, choice_of, field, now


class Deed(Choice):
    ADDED = "added", _("Added"), "good"
    CHANGED = "changed", _("Changed"), "warn"
    DELETED = "deleted", _("Deleted"), "bad"
    BULK = "bulk", _("Bulk change"), "warn"
    SEEN = "seen", _("Seen"), "quiet"


class History(Model):
    """One deed on one record (or on many, for bulk work)."""

    __tablename__ = "history"
    __table_args__ = (Index("ix_history_record", "entity", "record_id", "id"),)
    title, plural = _("History"), _("History")
    scope, recorded = INTERNAL, False

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    place: Mapped[int | None] = mapped_column(Integer, unique=True)
    at: Mapped[datetime] = field(_("When"), Moment, default=now)
    actor_id: Mapped[int | None] = mapped_column(Integer)
    actor: Mapped[str] = field(_("Who"), String(200))
    deed: Mapped[Deed] = field(_("What"), choice_of(Deed))
    entity: Mapped[str] = field(_("Area"), String(60))
    record_id: Mapped[int | None] = mapped_column(Integer)
    reason: Mapped[str] = field(_("Reason"), String(1000), default="")
    values_digest: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str | None] = mapped_column(String(64))

    values: Mapped[HistoryValues | None] = relationship(back_populates="entry", lazy="joined", innerjoin=False)


class HistoryValues(Model):
    """What an entry's fields held before and after: {"field": [before, after]}. Erasable."""

    __tablename__ = "history_values"
    scope, recorded = INTERNAL, False

    history_id: Mapped[int] = mapped_column(ForeignKey("history.id"), primary_key=True)
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)
    salt: Mapped[str] = mapped_column(String(32))

    entry: Mapped[History] = relationship(back_populates="values")


class HistoryHead(Model):
    """The end of the chain: one row, locked for the moment it takes to append to it."""

    __tablename__ = "history_head"
    scope, recorded = INTERNAL, False

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    place: Mapped[int] = mapped_column(Integer, default=0)
    digest: Mapped[str] = mapped_column(String(64), default="")

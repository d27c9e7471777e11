"""What a person sets for itself: how lists look, what is pinned, and the lists it keeps under a name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import INTERNAL, Model, Moment, Record, now


class Preference(Model):
    """One row per person; `number` moves with each change, so that every process notices (services/people.py)."""

    __tablename__ = "preference"
    scope, recorded = INTERNAL, False

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), primary_key=True)
    values: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    number: Mapped[int] = mapped_column(Integer, default=0)
    alerts_seen: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # the newest alert that has been read


class CalendarLink(Model):
    """The link under which a person's tasks stand as a calendar, for staff (partner 0) or within one partner."""

    __tablename__ = "calendar_link"
    scope, recorded = INTERNAL, False

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), primary_key=True, autoincrement=False)
    partner_id: Mapped[int] = mapped_column(Integer, primary_key=True, default=0, autoincrement=False)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(Moment, default=now)


class Draft(Model):
    """A form that a person has begun at an address and not saved: every field as it was typed. One who works for two partners
    has its own drafts in each (0 for staff)."""

    __tablename__ = "draft"
    scope, recorded = INTERNAL, False

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), primary_key=True)
    partner_id: Mapped[int] = mapped_column(Integer, primary_key=True, default=0, autoincrement=False)
    place: Mapped[str] = mapped_column(String(200), primary_key=True)
    fields: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    saved_at: Mapped[datetime] = mapped_column(Moment, default=now)


class SavedView(Record):
    """A list's address kept under a name: one's own, or shared with everybody of a role."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("owner_id", "place", "name"),)
    title, plural = _("Saved view"), _("Saved views")
    scope, recorded = INTERNAL, False

    name: Mapped[str] = mapped_column(String(60))
    place: Mapped[str] = mapped_column(String(60), index=True)  # the list's own address, such as /contracts/
    query: Mapped[str] = mapped_column(String(2000), default="")
    owner_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), index=True)
    role: Mapped[str | None] = mapped_column(String(64))


class Undo(Model):
    """A person's last change of many records, so that it can be taken back: the field, and each record's value before and
    version after. The next such change takes its place."""

    __tablename__ = "undo"
    scope, recorded = INTERNAL, False

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), primary_key=True)
    place: Mapped[str] = mapped_column(String(60))  # the list's own address, such as /contracts
    field: Mapped[str] = mapped_column(String(60))
    before: Mapped[list[list[Any]]] = mapped_column(JSON, default=list)  # [record, value, version]
    made_at: Mapped[datetime] = mapped_column(Moment, default=now)

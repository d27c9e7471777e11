"""What was merged into a client's file, as it was: for thirty days it can be taken apart again."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Own, Record, field, today
from app.models.clients import Client


class ClientMerge(Record):
    """One record that became part of another. `content` holds what undoing needs; it is emptied when its day has come."""

    __tablename__ = "client_merge"
    title, plural = _("Merge of clients"), _("Merges of clients")
    labelled = ("source_name",)
    scope = Own(through=("client_id", "Client.id"), made_by_rules=True)
    unrecorded = frozenset({"content"})

    client_id: Mapped[int] = field(_("Client"), ForeignKey("client.id", ondelete="CASCADE"), index=True)
    source_id: Mapped[int] = mapped_column()
    source_name: Mapped[str] = field(_("Merged record"), String(200))
    by: Mapped[str] = field(_("By"), String(200))
    until: Mapped[date] = field(_("Can be undone until"), index=True)
    undone_by: Mapped[str | None] = field(_("Undone by"), String(200))
    content: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), deferred=True)  # thousands of numbers

    client: Mapped[Client] = relationship()

    def __str__(self) -> str:
        return self.source_name

    @property
    def can_be_undone(self) -> bool:
        return self.undone_by is None and self.until >= today()

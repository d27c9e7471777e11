"""Clients that go from one partner or adviser to another, at a date."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import lazy_gettext as _
from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, relationship

from app.models.base import STAFF, Choice, Moment, Record, choice_of, field, today


class MoveState(Choice):
    PLANNED = "planned", _("Planned"), "warn"
    DONE = "done", _("Done"), "good"
    CANCELLED = "cancelled", _("Called off")


class PortfolioMove(Record):
    """All clients of a partner, or those of one adviser, go to another partner or adviser with their contracts and open complaints."""

    __tablename__ = "portfolio_move"
    title, plural, adding = _("Move of clients"), _("Moves of clients"), _("Move clients")
    labelled = ("id",)
    scope = STAFF
    __table_args__ = (Index("ix_portfolio_move_due", "state", "moves_on"),)

    from_partner_id: Mapped[int] = field(_("From the partner"), ForeignKey("partner.id"), index=True)
    from_adviser_id: Mapped[int | None] = field(_("Only the clients of"), ForeignKey("ab_user.id"), help=_("One adviser’s clients; all of the partner’s, if left empty."))
    to_partner_id: Mapped[int] = field(_("To the partner"), ForeignKey("partner.id"))
    to_adviser_id: Mapped[int | None] = field(_("To the adviser"), ForeignKey("ab_user.id"), help=_("Who looks after them there; nobody in particular, if left empty."))
    moves_on: Mapped[date] = field(_("Day of the move"), default=today, help=_("Today means at once; on a later day it happens in its first hour."))
    letter: Mapped[bool] = field(_("Write to the clients"), default=False, help=_("One e-mail to each whose notifications are on; held back for the others."))
    state: Mapped[MoveState] = field(_("State"), choice_of(MoveState), default=MoveState.PLANNED)
    moved: Mapped[int] = field(_("Clients moved"), default=0)
    done_at: Mapped[datetime | None] = field(_("Done on"), Moment)
    by: Mapped[str] = field(_("By"), String(200), default="")

    from_partner: Mapped[Any] = relationship("Partner", foreign_keys=[from_partner_id])
    to_partner: Mapped[Any] = relationship("Partner", foreign_keys=[to_partner_id])
    from_adviser: Mapped[User | None] = relationship(User, foreign_keys=[from_adviser_id])
    to_adviser: Mapped[User | None] = relationship(User, foreign_keys=[to_adviser_id])

    def __str__(self) -> str:
        return f"{self.from_partner} → {self.to_partner}"

"""Programs, their tiers, and the partnership that ties one partner to one program."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import lazy_gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from app.models.base import Choice, Own, Record, Searchable, choice_of, field, in_data


class Program(Searchable, Record):
    """The conditions under which partners work with the house. Partners read it, never write it."""

    is_worded = True  # translators put its texts into other languages
    __tablename__ = "program"
    title, plural, adding = _("Program"), _("Programs"), _("New program")
    scope, searched = Own(through=("id", "Partnership.program_id")), ("name",)

    name: Mapped[str] = field(_("Name"), String(120), unique=True)
    description: Mapped[str | None] = field(_("Description"), Text, kind="text")
    active: Mapped[bool] = field(_("Active"), default=True)

    def __str__(self) -> str:
        return in_data(self.name)


class Tier(Record):
    """A level of a program: what it gives and from how many points on."""

    is_worded = True  # translators put its texts into other languages
    __tablename__ = "tier"
    __table_args__ = (
        UniqueConstraint("program_id", "name"),
        UniqueConstraint("program_id", "points_from"),
        CheckConstraint("points_from >= 0", name="points_not_negative"),
        CheckConstraint("reward_rate BETWEEN 0 AND 100", name="reward_0_to_100"),
    )
    title, plural, adding = _("Tier"), _("Tiers"), _("New tier")
    scope = Own(through=("program_id", "Partnership.program_id"))

    program_id: Mapped[int] = field(_("Program"), ForeignKey("program.id"))
    name: Mapped[str] = field(_("Name"), String(60))
    points_from: Mapped[int] = field(_("From points"), default=0)
    reward_rate: Mapped[Decimal] = field(_("Reward"), Numeric(5, 2), default=Decimal(0), kind="percent")
    support: Mapped[str | None] = field(_("Support"), String(200))
    features: Mapped[str | None] = field(_("What it gives"), Text, kind="text")

    program: Mapped[Program] = relationship()

    def __str__(self) -> str:
        return in_data(self.name)


class PartnershipStatus(Choice):
    PLANNED = "planned", _("Planned")
    ACTIVE = "active", _("Active"), "good"
    PAUSED = "paused", _("Paused"), "warn"
    ENDED = "ended", _("Ended"), "bad"


class Partnership(Record):
    """The state of the cooperation with one partner. At most one per partner, in the database."""

    __tablename__ = "partnership"
    __table_args__ = (UniqueConstraint("partner_id"), CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates_in_order"))
    title, plural, adding = _("Partnership"), _("Partnerships"), _("New partnership")
    scope = Own("partner_id")

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"))
    program_id: Mapped[int] = field(_("Program"), ForeignKey("program.id"), index=True)
    tier_id: Mapped[int | None] = field(_("Tier"), ForeignKey("tier.id"))
    status: Mapped[PartnershipStatus] = field(_("Status"), choice_of(PartnershipStatus), default=PartnershipStatus.PLANNED)
    starts_on: Mapped[date] = field(_("Starts on"))
    ends_on: Mapped[date | None] = field(_("Ends on"))
    conditions: Mapped[str | None] = field(_("Conditions"), Text, kind="text")
    account_manager_id: Mapped[int | None] = field(_("Account manager"), ForeignKey("ab_user.id"))

    partner: Mapped[Any] = relationship("Partner")
    program: Mapped[Program] = relationship()
    tier: Mapped[Tier | None] = relationship()
    account_manager: Mapped[User | None] = relationship(User)

    def __str__(self) -> str:
        return str(self.partner)

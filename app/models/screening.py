"""Beneficial owners of partners, and the lists that people and companies are screened against."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import INTERNAL, STAFF, Choice, Moment, Own, Record, choice_of, field
from app.models.lookups import Country, ListedIn
from app.models.partners import Partner

OWNER_COLUMNS = frozenset({"first_name", "last_name", "birth_date", "nationality", "country", "control", "share", "exposed", "office"})


class Control(Choice):
    """How a beneficial owner controls the company (CMF R561-1): more than a quarter, by other means, or, failing anybody else, as
    the person who represents it."""

    CAPITAL = "capital", _("Holds more than 25 % of the capital")
    VOTES = "votes", _("Holds more than 25 % of the voting rights")
    OTHER = "other", _("Controls it by other means")
    REPRESENTATIVE = "representative", _("Represents it, nobody else being found")


class BeneficialOwner(Record):
    """A natural person who in the end owns or controls a partner."""

    __tablename__ = "beneficial_owner"
    __table_args__ = (CheckConstraint("share IS NULL OR (share >= 0 AND share <= 100)", name="share_is_a_percentage"),)
    title, plural, adding = _("Beneficial owner"), _("Beneficial owners"), _("Add a beneficial owner")
    labelled = ("first_name", "last_name")
    scope = Own("partner_id", writes=OWNER_COLUMNS, applicant=OWNER_COLUMNS, deletes=True)

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    first_name: Mapped[str] = field(_("First name"), String(100))
    last_name: Mapped[str] = field(_("Last name"), String(100))
    birth_date: Mapped[date] = field(_("Birth date"), kind="birth_date")
    nationality: Mapped[Country] = field(_("Nationality"), ListedIn(Country, 2), default=Country.FRANCE)
    country: Mapped[Country] = field(_("Country of residence"), ListedIn(Country, 2), default=Country.FRANCE)
    control: Mapped[Control] = field(_("Control"), choice_of(Control), default=Control.CAPITAL)
    share: Mapped[Decimal | None] = field(_("Share held"), Numeric(5, 2), kind="percent", help=_("Between 0 and 100."))
    exposed: Mapped[bool] = field(
        _("Politically exposed"),
        default=False,
        more=_(
            "Somebody who holds, or held within the last twelve months, a prominent public office (minister, member of parliament, judge of a high court, "
            "ambassador, general officer, head of a public enterprise …), or is close family or a known associate of such a person."
        ),
    )
    office: Mapped[str | None] = field(_("Office held"), String(200), help=_("Which one, and since when, for a politically exposed person."))

    partner: Mapped[Partner] = relationship()

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


class ListKind(Choice):
    FREEZE = "freeze", _("Asset freezes")
    EXPOSED = "exposed", _("Politically exposed persons")


class WatchList(Record):
    """A list as it was loaded from a file; the newest of its kind counts."""

    __tablename__ = "watch_list"
    title, plural = _("Watch list"), _("Watch lists")
    scope = STAFF
    labelled = ("filename",)

    kind: Mapped[ListKind] = field(_("List"), choice_of(ListKind))
    filename: Mapped[str] = field(_("File name"), String(200))
    digest: Mapped[str] = field(_("SHA-256"), String(64))
    published_on: Mapped[date] = field(_("Published on"))
    entries: Mapped[int] = field(_("Entries"))
    by: Mapped[str] = field(_("Loaded by"), String(200))


class WatchEntry(Record):
    """A person, company or ship of the newest list of each kind: what matching reads, and what the list says of it."""

    __tablename__ = "watch_entry"
    __table_args__ = (UniqueConstraint("kind", "reference"),)
    title, plural = _("Entry of a watch list"), _("Entries of watch lists")
    scope, recorded = INTERNAL, False
    labelled = ("name",)

    kind: Mapped[ListKind] = field(_("List"), choice_of(ListKind))
    reference: Mapped[str] = field(_("Reference"), String(60))
    is_person: Mapped[bool] = mapped_column(default=True)
    name: Mapped[str] = field(_("Name"), String(300))
    names: Mapped[list[str]] = mapped_column(JSON)  # folded: as it is called first, then every alias
    births: Mapped[list[str]] = mapped_column(JSON)  # "1970-05-01", "1970-05" or "1970"
    facts: Mapped[dict[str, Any]] = field(_("What the list says"), JSON)


class MatchStatus(Choice):
    OPEN = "open", _("To decide"), "warn"
    DISMISSED = "dismissed", _("Somebody else"), "good"
    CONFIRMED = "confirmed", _("The same"), "bad"
    GONE = "gone", _("No longer found")


class ScreeningMatch(Record):
    """A resemblance between somebody of a partner and an entry of a list, and what was decided about it. A decision holds as long
    as neither of the two changes (`compared`)."""

    __tablename__ = "screening_match"
    __table_args__ = (UniqueConstraint("partner_id", "subject", "list_kind", "reference"), Index("ix_screening_match_status", "status", "id"))
    title, plural = _("Match"), _("Matches")
    scope = STAFF
    labelled = ("subject_name",)

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    subject: Mapped[str] = field(_("Who"), String(40))  # "company", "person:12", "owner:3"
    subject_name: Mapped[str] = field(_("Name"), String(300))
    subject_born: Mapped[date | None] = field(_("Birth date"))
    list_kind: Mapped[ListKind] = field(_("List"), choice_of(ListKind))
    reference: Mapped[str] = field(_("Reference in the list"), String(60))
    entry_name: Mapped[str] = field(_("Name in the list"), String(300))
    entry_facts: Mapped[dict[str, Any]] = field(_("What the list says"), JSON)
    likeness: Mapped[int] = field(_("Likeness"), help=_("Out of 100."))
    reasons: Mapped[list[Any]] = field(_("Reasons"), JSON)  # [code, value] pairs
    compared: Mapped[str] = mapped_column(String(64))  # digest of what was compared
    status: Mapped[MatchStatus] = field(_("Decision"), choice_of(MatchStatus), default=MatchStatus.OPEN)
    reason: Mapped[str] = field(_("Reason"), Text, default="", kind="text")
    decided_by: Mapped[str | None] = field(_("Decided by"), String(200))
    decided_at: Mapped[datetime | None] = field(_("Decided on"), Moment)

    partner: Mapped[Partner] = relationship()

    @property
    def is_frozen(self) -> bool:
        """Somebody whose assets are frozen, as a decision has confirmed."""
        return self.status is MatchStatus.CONFIRMED and self.list_kind is ListKind.FREEZE

    def __str__(self) -> str:
        return self.subject_name

"""Partners: the companies that distribute, with everything their file holds. Rules: DOMAIN 1 to 3."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, relationship

from app.models.base import INTERNAL, STAFF, Choice, Moment, Own, Record, Searchable, choice_of, field
from app.models.custom import Customised
from app.models.lookups import ActivityKind, Country, ListedIn, NoteKind, listed_in


class PartnerKind(Choice):
    WEALTH_ADVISER = "wealth_adviser", _("Wealth adviser")
    INSURANCE_BROKER = "insurance_broker", _("Insurance broker")
    CREDIT_BROKER = "credit_broker", _("Credit broker")
    AGENT = "agent", _("Agent")
    INTRODUCER = "introducer", _("Introducer")
    RESELLER = "reseller", _("Reseller")


class PartnerStatus(Choice):
    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted"), "warn"
    TO_SIGN = "to_sign", _("To sign"), "warn"
    PENDING_VALIDATION = "pending_validation", _("Awaiting validation"), "warn"
    ACTIVE = "active", _("Active"), "good"
    REFUSED = "refused", _("Refused"), "bad"
    SUSPENDED = "suspended", _("Suspended"), "bad"
    CLOSED = "closed", _("Closed for good")


class Exercise(Choice):
    """How the activity is carried on. Only a commercial activity is entered in the RCS (DOMAIN 3)."""

    COMMERCIAL = "commercial", _("Commercial")
    LIBERAL = "liberal", _("Liberal")
    CRAFT = "craft", _("Craftsman")


# ORIAS categories that let a kind of partner do its trade; one of them must stand as registered. None means not asked.
CATEGORIES_BY_KIND: dict[PartnerKind, frozenset[str]] = {
    PartnerKind.WEALTH_ADVISER: frozenset({"CIF"}),
    PartnerKind.INSURANCE_BROKER: frozenset({"COA"}),
    PartnerKind.CREDIT_BROKER: frozenset({"COBSP"}),
    PartnerKind.AGENT: frozenset({"AGA", "MA", "MIA", "MOBSP", "MOBSPL", "MIOBSP", "ALPSI"}),
    PartnerKind.INTRODUCER: frozenset(),
    PartnerKind.RESELLER: frozenset(),
}

ORIAS_CATEGORIES = ("COA", "AGA", "MA", "MIA", "COBSP", "MOBSPL", "MOBSP", "MIOBSP", "CIF", "ALPSI", "IFP")

PROFILE = frozenset({"trade_name", "phone", "email", "website", "street", "postcode", "city", "country"})
FILE = PROFILE | {"name", "kind", "siren", "exercise", "rcs_town", "orias_number"}


BRAND = frozenset({"brand_colour", "sender_name", "reply_to"})


class Partner(Customised, Searchable, Record):
    """A company that distributes our offerings."""

    __tablename__ = "partner"
    custom_holder = "partner"
    title, plural, adding = _("Partner"), _("Partners"), _("New partner")
    scope = Own("id", writes=PROFILE | BRAND | {"custom", "logo"}, applicant=FILE, ruled=frozenset({"status", "submitted_at", "contested"}))
    searched = ("name", "trade_name", "siren", "orias_number", "city", "email")
    # Of a SIREN there may be many drafts, but one file from validation on; a contested one waits for staff (DOMAIN 2).
    __table_args__ = (
        Index(
            "uq_partner_siren_held",
            "siren",
            unique=True,
            sqlite_where=text("status IN ('pending_validation', 'active', 'suspended') AND NOT contested"),
            postgresql_where=text("status IN ('pending_validation', 'active', 'suspended') AND NOT contested"),
        ),
        Index("ix_partner_name", "name", "id"),
        CheckConstraint("parent_id IS NULL OR parent_id <> id", name="not_its_own_parent"),
    )

    name: Mapped[str] = field(_("Legal name"), String(200), default="")
    trade_name: Mapped[str | None] = field(_("Trade name"), String(200))
    kind: Mapped[PartnerKind] = field(_("Kind of partner"), choice_of(PartnerKind), default=PartnerKind.INSURANCE_BROKER)
    status: Mapped[PartnerStatus] = field(_("Status"), choice_of(PartnerStatus), default=PartnerStatus.DRAFT, index=True)
    siren: Mapped[str | None] = field(_("SIREN"), String(9), help=_("Nine digits."), kind="siren", index=True)
    exercise: Mapped[Exercise] = field(
        _("Form of activity"),
        choice_of(Exercise),
        default=Exercise.COMMERCIAL,
        help=_("Liberal professions and craftsmen are not in the RCS."),
        more=_(
            "A company, or a sole trader who sells, is entered in the RCS: its registry and the SIREN are both checked. A liberal profession or "
            "a craftsman has a SIREN and no RCS; then this check is not required and nobody asks for the registry."
        ),
    )
    rcs_town: Mapped[str | None] = field(_("RCS registry"), String(60), help=_("The town of the registry, for example Marseille."))
    orias_number: Mapped[str | None] = field(
        _("ORIAS number"),
        String(8),
        help=_("Eight digits, for example 07 004 126."),
        more=_(
            "Everybody who distributes insurance, credit or financial products is entered in ORIAS, with categories such as COA (insurance "
            "broker) or CIF (financial adviser). The categories decide which offerings may be assigned. An introducer needs none."
        ),
        kind="orias",
    )
    street: Mapped[str | None] = field(_("Street"), String(200))
    postcode: Mapped[str | None] = field(_("Postcode"), String(10))
    city: Mapped[str | None] = field(_("Town"), String(100))
    country: Mapped[Country] = field(_("Country"), ListedIn(Country, 2), default=Country.FRANCE)
    email: Mapped[str | None] = field(_("E-mail"), String(320), kind="email")
    phone: Mapped[str | None] = field(_("Phone"), String(30), kind="phone")
    website: Mapped[str | None] = field(_("Website"), String(200), kind="url")
    parent_id: Mapped[int | None] = field(
        _("Parent partner"),
        ForeignKey("partner.id"),
        index=True,
        help=_("The network or broker this partner works under."),
        more=_("The parent reads this partner’s clients and contracts on its own portal and changes none of them. Leave it empty for a partner who works for itself."),
    )
    account_manager_id: Mapped[int | None] = field(_("Account manager"), ForeignKey("ab_user.id"))
    logo: Mapped[str | None] = field(_("Logo"), String(40))  # where the file connector keeps it
    brand_colour: Mapped[str | None] = field(_("Colour"), String(7))
    sender_name: Mapped[str | None] = field(_("Name of the sender"), String(100))
    reply_to: Mapped[str | None] = field(_("Address for answers"), String(320), kind="email")
    note: Mapped[str | None] = field(_("Internal note"), Text, help=_("Read by staff only."), kind="text")
    contested: Mapped[bool] = field(_("SIREN already held"), default=False)
    submitted_at: Mapped[datetime | None] = field(_("Submitted on"), Moment)

    parent: Mapped[Partner | None] = relationship(remote_side="Partner.id")
    account_manager: Mapped[User | None] = relationship(User)
    memberships: Mapped[list[Any]] = relationship("Membership", back_populates="partner")

    @property
    def is_open(self) -> bool:
        """The portal is open to its people."""
        return self.status is PartnerStatus.ACTIVE

    @property
    def categories_asked(self) -> frozenset[str]:
        return CATEGORIES_BY_KIND[self.kind]

    @property
    def needs_rcs(self) -> bool:
        return self.exercise is Exercise.COMMERCIAL

    def __str__(self) -> str:
        return self.name or self.email or f"{self.id}"


class PartnerMove(Record):
    """One move of a partner's file from a state to the next: who, when and why. Written by services/partners.py only."""

    __tablename__ = "partner_move"
    title, plural = _("Change of status"), _("Changes of status")
    scope, recorded = Own("partner_id", applicant=frozenset(), made_by_rules=True), False

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    before: Mapped[PartnerStatus] = field(_("Before"), choice_of(PartnerStatus, "before"))
    after: Mapped[PartnerStatus] = field(_("After"), choice_of(PartnerStatus, "after"))
    by: Mapped[str] = field(_("By"), String(200))
    reason: Mapped[str] = field(_("Reason"), String(1000), default="")


class Contact(Record):
    """Somebody to reach at a partner, whether or not this person signs in."""

    __tablename__ = "contact"
    title, plural, adding = _("Contact"), _("Contacts"), _("New contact")
    scope = Own("partner_id", writes=frozenset({"name", "job", "email", "phone"}), deletes=True)

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    name: Mapped[str] = field(_("Name"), String(120))
    job: Mapped[str | None] = field(_("Job title"), String(100))
    email: Mapped[str | None] = field(_("E-mail"), String(320), kind="email")
    phone: Mapped[str | None] = field(_("Phone"), String(30), kind="phone")

    partner: Mapped[Partner] = relationship()


class ProviderCode(Record):
    """A code apporteur: the name under which a supplier knows a partner. Unique per supplier, dated."""

    __tablename__ = "provider_code"
    __table_args__ = (UniqueConstraint("supplier_id", "code"), CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="dates_in_order"))
    title, plural, adding = _("Code apporteur"), _("Codes apporteur"), _("New code apporteur")
    labelled = ("code",)
    scope = Own("partner_id")

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    supplier_id: Mapped[int] = field(_("Supplier"), ForeignKey("supplier.id"))
    code: Mapped[str] = field(_("Code"), String(40))
    valid_from: Mapped[date] = field(_("Valid from"))
    valid_until: Mapped[date | None] = field(_("Valid until"))

    partner: Mapped[Partner] = relationship()
    supplier: Mapped[Any] = relationship("Supplier")

    def __str__(self) -> str:
        return self.code


class BankAccount(Record):
    """Where commissions are paid. Several per partner, one of them the default."""

    __tablename__ = "bank_account"
    __table_args__ = (
        UniqueConstraint("partner_id", "iban"),
        Index("uq_bank_account_default", "partner_id", unique=True, sqlite_where=text("is_default"), postgresql_where=text("is_default")),
    )
    title, plural, adding = _("Bank account"), _("Bank accounts"), _("New bank account")
    labelled = ("iban",)
    scope = Own("partner_id", writes=frozenset({"holder", "iban", "bic"}), applicant=frozenset({"holder", "iban", "bic"}), ruled=frozenset({"is_default"}))

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    holder: Mapped[str] = field(_("Account holder"), String(140))
    iban: Mapped[str] = field(
        _("IBAN"),
        String(34),
        kind="iban",
        more=_(
            "Where commissions are paid. Two letters for the country, two check digits, then the bank’s own number: it stands on every statement (RIB). Spaces do not matter."
        ),
    )
    bic: Mapped[str | None] = field(_("BIC"), String(11), kind="bic")
    is_default: Mapped[bool] = field(_("Default account"), default=False)

    partner: Mapped[Partner] = relationship()

    def __str__(self) -> str:
        return " ".join(self.iban[i : i + 4] for i in range(0, len(self.iban), 4))


class Task(Record):
    """Something to do about a partner, or about one of its clients; a shared one also shows on the partner's profile."""

    __tablename__ = "task"
    __table_args__ = (Index("ix_task_assignee", "assignee_id", "done_on", "due_on"),)
    title, plural, adding = _("Task"), _("Tasks"), _("New task")
    scope = Own("partner_id", visible="shared", writes=frozenset({"done_on"}))

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    client_id: Mapped[int | None] = field(
        _("Client"), ForeignKey("client.id", ondelete="SET NULL"), index=True, help=_("If it is about one client: it goes along when the client moves.")
    )
    kind: Mapped[ActivityKind] = field(_("Kind of activity"), *listed_in(ActivityKind), default=ActivityKind.TO_DO)
    name: Mapped[str] = field(_("What is to be done"), String(200))
    due_on: Mapped[date | None] = field(_("Due on"))
    done_on: Mapped[date | None] = field(_("Completed on"))
    assignee_id: Mapped[int | None] = field(_("Who"), ForeignKey("ab_user.id"))
    shared: Mapped[bool] = field(_("Shown to the partner"), default=False)

    partner: Mapped[Partner] = relationship()
    client: Mapped[Any] = relationship("Client")
    assignee: Mapped[User | None] = relationship(User)


class Note(Record):
    """What somebody wrote down about a partner; a shared one also shows on the partner's profile."""

    __tablename__ = "note"
    title, plural, adding = _("Note"), _("Notes"), _("New note")
    labelled = ("text",)
    scope = Own("partner_id", visible="shared")

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    kind: Mapped[NoteKind] = field(_("Kind of note"), *listed_in(NoteKind), default=NoteKind.NOTE)
    text: Mapped[str] = field(_("Text"), Text, kind="text")
    shared: Mapped[bool] = field(_("Shown to the partner"), default=False)

    partner: Mapped[Partner] = relationship()

    def __str__(self) -> str:
        return self.text[:60]


class CheckKind(Choice):
    SIREN = "siren", _("SIREN")
    RCS = "rcs", _("RCS")
    ORIAS = "orias", _("ORIAS")
    IDENTITY = "identity", _("Identity document")


class CheckResult(Choice):
    PASSED = "passed", _("In order"), "good"
    FAILED = "failed", _("Not in order"), "bad"
    UNAVAILABLE = "unavailable", _("Register did not answer"), "warn"
    NOT_REQUIRED = "not_required", _("Not required")


class Check(Record):
    """One question put to a register and its answer, kept as proof. A new run is a new row."""

    __tablename__ = "register_check"
    title, plural = _("Check"), _("Checks")
    scope = Own("partner_id", applicant=frozenset(), made_by_rules=True)

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    kind: Mapped[CheckKind] = field(_("Check"), choice_of(CheckKind))
    result: Mapped[CheckResult] = field(_("Result"), choice_of(CheckResult))
    register: Mapped[str] = field(_("Register"), String(60), default="")
    asked: Mapped[str] = field(_("Asked"), String(300), default="")
    answered: Mapped[dict[str, Any]] = field(_("Answer"), JSON, default=dict)
    sentence: Mapped[str] = field(_("In words"), String(500), default="")
    override_reason: Mapped[str | None] = field(_("Reason of the override"), String(1000))
    overridden_by: Mapped[str | None] = field(_("Overridden by"), String(200))

    partner: Mapped[Partner] = relationship()

    @property
    def stands_in_the_way(self) -> bool:
        """Staff may validate only once this check has been overridden in writing."""
        return self.result in (CheckResult.FAILED, CheckResult.UNAVAILABLE) and not self.override_reason


class Alert(Record):
    """Something that calls for work in the administrators' space."""

    __tablename__ = "alert"
    title, plural = _("Alert"), _("Alerts")
    scope, recorded = STAFF, False

    kind: Mapped[str] = field(_("Kind"), String(40))
    partner_id: Mapped[int | None] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    handled_at: Mapped[datetime | None] = field(_("Handled on"), Moment, index=True)

    partner: Mapped[Partner | None] = relationship()


class Setting(Record):
    """A switch or a value that administrators set in the product, by its key."""

    __tablename__ = "setting"
    title, plural = _("Setting"), _("Settings")
    scope = INTERNAL

    key: Mapped[str] = field(_("Key"), String(60), unique=True)
    value: Mapped[Any] = field(_("Chosen value"), JSON)

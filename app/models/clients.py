"""The partner's customers: who they are, who signs for them, and under which references suppliers know them."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import lazy_gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, Mapper, relationship

from app.models.base import Choice, Own, Record, Searchable, choice_of, field, keep_search_text
from app.models.custom import Customised
from app.models.lookups import Country, ListedIn


class ClientKind(Choice):
    PERSON = "person", _("Person")
    COUPLE = "couple", _("Couple")
    COMPANY = "company", _("Company")
    ASSOCIATION = "association", _("Association")


class ClientStatus(Choice):
    PROSPECT = "prospect", _("Prospect"), "warn"
    CLIENT = "client", _("Client"), "good"
    FORMER = "former", _("Former client")


class Knowledge(Choice):
    """Whether both questionnaires of a client, knowledge and risk, have been answered and are not to be reviewed yet."""

    MISSING = "missing", _("Unanswered"), "bad"
    DUE = "due", _("To be reviewed"), "warn"
    CURRENT = "current", _("Up to date"), "good"


class Civility(Choice):
    MRS = "mrs", _("Ms")
    MR = "mr", _("Mr")


class FamilyStatus(Choice):
    SINGLE = "single", _("Single")
    MARRIED = "married", _("Married")
    CIVIL_UNION = "civil_union", _("Civil partnership (PACS)")
    COHABITING = "cohabiting", _("Living together")
    DIVORCED = "divorced", _("Divorced")
    WIDOWED = "widowed", _("Widowed")


class MatrimonialRegime(Choice):
    ACQUESTS = "acquests", _("Community of acquests")
    UNIVERSAL = "universal", _("Universal community")
    SEPARATION = "separation", _("Separation of property")
    PARTICIPATION = "participation", _("Participation in acquests")
    JOINT = "joint", _("Joint ownership (PACS)")


CLIENT_FILE = frozenset(
    {
        "kind",
        "civility",
        "first_name",
        "last_name",
        "birth_name",
        "birth_date",
        "birth_place",
        "nationality",
        "family_status",
        "matrimonial_regime",
        "children",
        "occupation",
        "company_name",
        "legal_form",
        "siren",
        "email",
        "phone",
        "mobile",
        "street",
        "postcode",
        "city",
        "country",
        "mail_street",
        "mail_postcode",
        "mail_city",
        "tax_country",
        "tax_number",
        "us_person",
        "language",
        "adviser_id",
        "first_person_id",
        "second_person_id",
    }
)


class Client(Customised, Searchable, Record):
    """A partner's customer; a prospect until its first contract. A couple is a client that links its two persons."""

    __tablename__ = "client"
    custom_holder = "client"
    title, plural, adding = _("Client"), _("Clients"), _("New client")
    scope = Own(
        "partner_id",
        adviser="adviser_id",
        writes=CLIENT_FILE | {"name", "search_text", "partner_id", "custom"},
        ruled=frozenset({"status", "knowledge", "notifications"}),
        link="id",
    )
    searched = ("name", "siren", "email", "city")
    __table_args__ = (
        Index("ix_client_partner_name", "partner_id", "name", "id"),
        Index("ix_client_name", "name", "id"),
        Index("ix_client_siren", "siren"),
        Index("ix_client_email", "email"),
        Index("ix_client_birth_date", "birth_date"),
        CheckConstraint("children IS NULL OR (children >= 0 AND children <= 30)", name="children_can_be"),
        CheckConstraint("kind <> 'person' OR last_name IS NOT NULL", name="person_has_last_name"),
        CheckConstraint("kind NOT IN ('company', 'association') OR company_name IS NOT NULL", name="company_has_name"),
        CheckConstraint("first_person_id IS NULL OR first_person_id <> second_person_id", name="two_different_persons"),
    )

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"))
    adviser_id: Mapped[int | None] = field(_("Adviser"), ForeignKey("ab_user.id"), index=True)
    kind: Mapped[ClientKind] = field(_("Kind of client"), choice_of(ClientKind), default=ClientKind.PERSON)
    status: Mapped[ClientStatus] = field(_("Status"), choice_of(ClientStatus), default=ClientStatus.PROSPECT)
    knowledge: Mapped[Knowledge] = field(_("Questionnaires"), choice_of(Knowledge), default=Knowledge.MISSING)
    name: Mapped[str] = field(_("Name"), String(200), default="")
    civility: Mapped[Civility | None] = field(_("Form of address"), choice_of(Civility))
    first_name: Mapped[str | None] = field(_("First name"), String(100))
    last_name: Mapped[str | None] = field(_("Last name"), String(100))
    birth_name: Mapped[str | None] = field(_("Birth name"), String(100))
    birth_date: Mapped[date | None] = field(_("Birth date"), kind="birth_date")
    birth_place: Mapped[str | None] = field(_("Place of birth"), String(100))
    nationality: Mapped[Country | None] = field(_("Nationality"), ListedIn(Country, 2))
    family_status: Mapped[FamilyStatus | None] = field(_("Family status"), choice_of(FamilyStatus))
    matrimonial_regime: Mapped[MatrimonialRegime | None] = field(_("Matrimonial regime"), choice_of(MatrimonialRegime))
    children: Mapped[int | None] = field(_("Dependent children"))
    occupation: Mapped[str | None] = field(_("Occupation"), String(100))
    legal_form: Mapped[str | None] = field(_("Legal form"), String(60))
    company_name: Mapped[str | None] = field(_("Company name"), String(200))
    siren: Mapped[str | None] = field(_("SIREN"), String(9), help=_("Nine digits."), kind="siren")
    email: Mapped[str | None] = field(_("E-mail"), String(320), kind="email")
    phone: Mapped[str | None] = field(_("Phone"), String(30), kind="phone")
    mobile: Mapped[str | None] = field(_("Mobile"), String(30), kind="phone")
    street: Mapped[str | None] = field(_("Street"), String(200))
    postcode: Mapped[str | None] = field(_("Postcode"), String(10))
    city: Mapped[str | None] = field(_("Town"), String(100))
    country: Mapped[Country] = field(_("Country"), ListedIn(Country, 2), default=Country.FRANCE)
    mail_street: Mapped[str | None] = field(_("Postal address, if another"), String(200))
    mail_postcode: Mapped[str | None] = field(_("Postcode of that address"), String(10))
    mail_city: Mapped[str | None] = field(_("Town of that address"), String(100))
    tax_country: Mapped[Country] = field(_("Tax residence"), ListedIn(Country, 2), default=Country.FRANCE)
    tax_number: Mapped[str | None] = field(_("Tax number"), String(30))
    us_person: Mapped[bool] = field(_("US person"), default=False, help=_("Citizen of the United States, or resident there for tax (FATCA)."))
    language: Mapped[str] = field(_("Language"), String(5), default="fr", kind="language", help=_("Questionnaires and e-mails are written in it."))
    first_person_id: Mapped[int | None] = field(_("First person"), ForeignKey("client.id"))
    second_person_id: Mapped[int | None] = field(_("Second person"), ForeignKey("client.id"))
    notifications: Mapped[bool] = field(
        _("Notifications"),
        default=False,
        help=_("Off means that no e-mail at all leaves for this client’s people, links for questionnaires, signatures and sign-in included."),
    )

    partner: Mapped[Any] = relationship("Partner")
    adviser: Mapped[User | None] = relationship(User)
    first_person: Mapped[Client | None] = relationship(foreign_keys=[first_person_id], remote_side="Client.id")
    second_person: Mapped[Client | None] = relationship(foreign_keys=[second_person_id], remote_side="Client.id")
    # Deleted one by one, so that history sees each of them.
    signatories: Mapped[list[Signatory]] = relationship(back_populates="client", cascade="all, delete-orphan")
    references: Mapped[list[ClientReference]] = relationship(back_populates="client", cascade="all, delete-orphan")
    claims: Mapped[list[ReferenceClaim]] = relationship(back_populates="client", cascade="all, delete-orphan")
    open_tasks: Mapped[list[Any]] = relationship(
        "Task", primaryjoin="and_(Client.id == foreign(Task.client_id), Task.done_on.is_(None))", order_by="Task.due_on, Task.id", viewonly=True
    )

    @property
    def full_name(self) -> str:
        """The name lists show and sort by: surname first for people, the company's name otherwise."""
        if self.kind in (ClientKind.COMPANY, ClientKind.ASSOCIATION):
            return self.company_name or ""
        return " ".join(part for part in (self.last_name, self.first_name) if part)

    @property
    def called(self) -> str:
        """The name as it is said and written in a letter: first name first."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) if self.kind is ClientKind.PERSON else self.full_name


@event.listens_for(Client, "before_insert")
@event.listens_for(Client, "before_update")
def keep_name(mapper: Mapper, connection: Any, client: Client) -> None:
    client.name = client.full_name
    keep_search_text(mapper, connection, client)


class ClientReference(Record):
    """The reference under which a supplier knows a client. One client holds it, in the database."""

    __tablename__ = "client_reference"
    __table_args__ = (UniqueConstraint("supplier_id", "reference"),)
    title, plural, adding = _("Supplier reference"), _("Supplier references"), _("Add a reference")
    labelled = ("reference",)
    scope = Own(through=("client_id", "Client.id"), made_by_rules=True, deletes=True)

    client_id: Mapped[int] = field(_("Client"), ForeignKey("client.id", ondelete="CASCADE"), index=True)
    supplier_id: Mapped[int] = field(_("Supplier"), ForeignKey("supplier.id"))
    reference: Mapped[str] = field(_("Reference"), String(60))

    client: Mapped[Client] = relationship(back_populates="references")
    supplier: Mapped[Any] = relationship("Supplier")

    def __str__(self) -> str:
        return self.reference


class ReferenceClaim(Record):
    """A reference that another client already holds, declared for this one: staff look at it (DOMAIN 5)."""

    __tablename__ = "reference_claim"
    __table_args__ = (UniqueConstraint("client_id", "supplier_id", "reference"),)
    title, plural = _("Claimed reference"), _("Claimed references")
    labelled = ("reference",)
    scope = Own(through=("client_id", "Client.id"), made_by_rules=True, deletes=True)

    client_id: Mapped[int] = field(_("Client"), ForeignKey("client.id", ondelete="CASCADE"), index=True)
    supplier_id: Mapped[int] = field(_("Supplier"), ForeignKey("supplier.id"))
    reference: Mapped[str] = field(_("Reference"), String(60))

    client: Mapped[Client] = relationship(back_populates="claims")
    supplier: Mapped[Any] = relationship("Supplier")

    def __str__(self) -> str:
        return self.reference


class SignatoryRole(Choice):
    HOLDER = "holder", _("Holder")
    CO_HOLDER = "co_holder", _("Co-holder")
    REPRESENTATIVE = "representative", _("Legal representative")
    GUARDIAN = "guardian", _("Guardian")
    BENEFICIAL_OWNER = "beneficial_owner", _("Beneficial owner")
    USUFRUCTUARY = "usufructuary", _("Usufructuary")
    BARE_OWNER = "bare_owner", _("Bare owner")


class Signatory(Record):
    """Who signs for a client. One of them is the principal."""

    __tablename__ = "signatory"
    __table_args__ = (Index("uq_signatory_principal", "client_id", unique=True, sqlite_where=text("is_principal"), postgresql_where=text("is_principal")),)
    title, plural, adding = _("Signatory"), _("Signatories"), _("Add a signatory")
    labelled = ("first_name", "last_name")
    scope = Own(
        through=("client_id", "Client.id"),
        writes=frozenset({"client_id", "role", "first_name", "last_name", "birth_date", "email", "phone", "is_principal"}),
        deletes=True,
        link="client_id",
    )

    client_id: Mapped[int] = field(_("Client"), ForeignKey("client.id", ondelete="CASCADE"), index=True)
    role: Mapped[SignatoryRole] = field(_("Capacity"), choice_of(SignatoryRole), default=SignatoryRole.HOLDER)
    first_name: Mapped[str] = field(_("First name"), String(100))
    last_name: Mapped[str] = field(_("Last name"), String(100))
    birth_date: Mapped[date | None] = field(_("Birth date"), kind="birth_date")
    email: Mapped[str | None] = field(_("E-mail"), String(320), kind="email")
    phone: Mapped[str | None] = field(_("Phone"), String(30), kind="phone")
    is_principal: Mapped[bool] = field(_("Principal signatory"), default=False)

    client: Mapped[Client] = relationship(back_populates="signatories")

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"

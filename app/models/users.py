"""People who sign in: Flask-AppBuilder's User with the house's columns, what binds it to partners, sign-ins and links."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_appbuilder.security.sqla.models import ApiKey, Group, Permission, PermissionView, RegisterUser, Role, User, ViewMenu
from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import INTERNAL, STAFF, Choice, Model, Moment, Own, Record, choice_of, field, keep_search_text, now


class Side(Choice):
    """Which door a person comes in by; the scope of what they see follows from it, never from a role."""

    STAFF = "staff", _("Staff")
    PARTNER = "partner", _("Partner")


class MemberRole(Choice):
    OWNER = "owner", _("Owner")
    MEMBER = "member", _("Member")
    READ_ONLY = "read_only", _("Read only")


# Assigned, not subclassed: the documented subclass makes two mappers over one table (docs/decisions/0002).
User.side = field(_("Side"), choice_of(Side), nullable=False, default=Side.STAFF)
User.language = field(_("Language"), String(5), nullable=True)
User.theme = field(_("Theme"), String(10), nullable=True)
User.density = field(_("Density"), String(10), nullable=True)
User.photo = field(_("Photo"), String(40), nullable=True)  # where the file connector keeps it
User.phone = field(_("Phone"), String(30), nullable=True)
User.birth_date = field(_("Birth date"), Date, nullable=True)
User.job_title = field(_("Job title"), String(100), nullable=True)
User.version = mapped_column(Integer, nullable=False, default=1)
User.search_text = mapped_column(Text, nullable=False, default="", server_default="")

User.title, User.plural, User.adding = _("Person"), _("People"), _("New person")
User.searched, User.recorded = ("first_name", "last_name", "email"), True
User.labelled = ("first_name", "last_name")
User.unrecorded = frozenset({"password", "last_login", "login_count", "fail_login_count", "changed_on"})
MINE = frozenset({"first_name", "last_name", "phone", "birth_date", "job_title", "language", "theme", "density", "photo"})
User.scope = Own(through=("id", "Membership.user_id"), writes=MINE, applicant=MINE)
User.name = property(lambda person: person.get_full_name())
User.__str__ = lambda person: person.get_full_name()  # type: ignore[method-assign]
Role.title, Role.plural, Role.adding = _("Role"), _("Roles"), _("New role")
Role.scope, Role.recorded, Role.unrecorded, Role.searched = STAFF, True, frozenset(), ()
for moment in ("before_insert", "before_update"):
    event.listen(User, moment, keep_search_text)
for entity in (PermissionView, Permission, ViewMenu):
    entity.scope, entity.recorded = STAFF, False
for entity in (Group, RegisterUser, ApiKey):  # Flask-AppBuilder's tables that this house does not use
    entity.scope, entity.recorded = INTERNAL, False

WORDS = {
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "email": _("E-mail"),
    "username": _("User name"),
    "active": _("Active"),
    "last_login": _("Last sign-in"),
    "created_on": _("Created on"),
}
for column_name, words in WORDS.items():
    User.__table__.c[column_name].info |= {"label": words}
Role.__table__.c["name"].info |= {"label": _("Name")}


class Membership(Record):
    """A person works for a partner, in a role. One person may belong to two."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("user_id", "partner_id"),)
    title, plural, adding = _("Colleague"), _("Colleagues"), _("Invite a colleague")
    scope = Own("partner_id", writes=frozenset({"role", "own_clients_only"}), applicant=frozenset(), deletes=True)

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    user_id: Mapped[int] = field(_("Person"), ForeignKey("ab_user.id"))
    role: Mapped[MemberRole] = field(_("Role"), choice_of(MemberRole), default=MemberRole.MEMBER)
    own_clients_only: Mapped[bool] = field(
        _("Own clients only"),
        default=False,
        help=_("Sees only the clients assigned to this person."),
        more=_("A member with this switch on sees and changes the clients it advises, with their contracts, and nobody else’s; owners always see all of the company’s."),
    )

    partner: Mapped[Any] = relationship("Partner", back_populates="memberships")
    user: Mapped[User] = relationship(User)

    def __str__(self) -> str:
        return str(self.user)


class SignIn(Record):
    """One signed-in browser. The cookie holds the secret whose digest this is, so that ending the row ends the cookie."""

    __tablename__ = "sign_in"
    title, plural = _("Sign-in"), _("Sign-ins")
    scope, recorded = INTERNAL, False

    digest: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), index=True)
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partner.id"))
    expires_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    awaits: Mapped[str] = mapped_column(String(10), default="", server_default="")  # "code" or "set-up": not yet let in; "" is whole
    address: Mapped[str] = mapped_column(String(45), default="", server_default="")
    browser: Mapped[str] = mapped_column(String(60), default="", server_default="")
    proved_at: Mapped[datetime | None] = mapped_column(Moment)  # when the password was last given


class SecondFactor(Model):
    """An app on somebody's phone that makes codes (TOTP): its secret, encrypted, the last half minute whose code was taken, and
    the digests of the recovery codes that are left. Unconfirmed until its first code."""

    __tablename__ = "second_factor"
    scope, recorded = INTERNAL, False

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), primary_key=True, autoincrement=False)
    secret: Mapped[str] = mapped_column(Text)
    begun_by: Mapped[str] = mapped_column(String(64), default="", server_default="")  # the digest of the sign-in that is setting it up
    confirmed_at: Mapped[datetime | None] = mapped_column(Moment)
    last_step: Mapped[int] = mapped_column(Integer, default=0)
    recovery: Mapped[list[str]] = mapped_column(JSON, default=list)


class Purpose(Choice):
    CONFIRM = "confirm", _("Confirm an e-mail address")
    INVITE = "invite", _("Invitation")
    RESET = "reset", _("Forgotten password")
    NEW_ADDRESS = "new_address", _("Another e-mail address")


class OneTimeLink(Record):
    """A mailed link: only its digest is kept; it dies when used, when it expires, or when a newer one replaces it."""

    __tablename__ = "one_time_link"
    title, plural = _("One-time link"), _("One-time links")
    scope, recorded = INTERNAL, False

    digest: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[Purpose] = mapped_column(choice_of(Purpose))
    email: Mapped[str] = mapped_column(String(320), index=True)
    first_name: Mapped[str] = mapped_column(String(64), default="")
    last_name: Mapped[str] = mapped_column(String(64), default="")
    language: Mapped[str] = mapped_column(String(5), default="fr")
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partner.id"))
    role: Mapped[MemberRole] = mapped_column(choice_of(MemberRole), default=MemberRole.OWNER)
    invited_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    expires_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)

    @property
    def is_open(self) -> bool:
        return self.used_at is None and self.expires_at > now()


class Attempt(Model):
    """How often an account or an address got a password wrong lately; slows the next try, locks nobody out."""

    __tablename__ = "attempt"
    scope, recorded = INTERNAL, False

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    last_at: Mapped[datetime] = mapped_column(Moment, default=now)


class RightsVersion(Model):
    """One row whose number moves whenever anybody's rights may have changed; caches of rights are kept under it."""

    __tablename__ = "rights_version"
    scope, recorded = INTERNAL, False

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, default=1)


class Submission(Model):
    """A form that was posted: its one-time token, and where the first of identical posts led."""

    __tablename__ = "submission"
    __table_args__ = (Index("ix_submission_made_at", "made_at"),)
    scope, recorded = INTERNAL, False

    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    led_to: Mapped[str] = mapped_column(String(500), default="")
    made_at: Mapped[datetime] = mapped_column(Moment, default=now)

"""Agreements and amendments that a partner signs, the one-time codes they are signed with, and the proof that is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import INTERNAL, OPEN, Choice, Moment, Own, Record, choice_of, field, now


class AgreementKind(Choice):
    AGREEMENT = "agreement", _("Distribution agreement")
    AMENDMENT = "amendment", _("Amendment")


class AgreementStatus(Choice):
    TO_SIGN = "to_sign", _("To sign"), "warn"
    SIGNED = "signed", _("Signed"), "good"
    EXPIRED = "expired", _("Expired"), "bad"
    CANCELLED = "cancelled", _("Cancelled")
    REFUSED = "refused", _("Declined"), "bad"


EVERY_KIND = ""


class AgreementTemplate(Record):
    """A version of the words of an agreement, for one kind of partner or for all, in one language. Never rewritten: what is
    edited becomes the next version, and an agreement names the version that it was written from."""

    __tablename__ = "agreement_template"
    __table_args__ = (UniqueConstraint("kind", "partner_kind", "language", "number"),)
    title, plural = _("Wording"), _("Wordings")
    scope = OPEN  # an agreement names its version while its partner acts

    kind: Mapped[AgreementKind] = field(_("Kind of document"), choice_of(AgreementKind), default=AgreementKind.AGREEMENT)
    partner_kind: Mapped[str] = field(_("Kind of partner"), String(30), default=EVERY_KIND)  # EVERY_KIND, or a value of PartnerKind
    language: Mapped[str] = field(_("Language"), String(5), default="fr", kind="language")
    number: Mapped[int] = field(_("Version"), default=1)
    name: Mapped[str] = field(_("Title"), String(200))
    text: Mapped[str] = field(_("Text"), Text, kind="text")
    by: Mapped[str] = field(_("By"), String(200), default="")


class Agreement(Record):
    """A document offered for signature: the words as they were offered, the PDF's digest, and who signed it, how and when."""

    __tablename__ = "agreement"
    title, plural, adding = _("Agreement"), _("Agreements"), _("New amendment")
    scope = Own("partner_id", applicant=frozenset(), made_by_rules=True)
    __table_args__ = (Index("uq_agreement_signed_key", "signed_key", unique=True),)

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    kind: Mapped[AgreementKind] = field(_("Kind of document"), choice_of(AgreementKind), default=AgreementKind.AGREEMENT)
    name: Mapped[str] = field(_("Title"), String(200))
    status: Mapped[AgreementStatus] = field(_("Status"), choice_of(AgreementStatus), default=AgreementStatus.TO_SIGN)
    language: Mapped[str] = field(_("Language"), String(5), default="fr", kind="language")
    body: Mapped[list[Any]] = field(_("Text"), JSON, default=list)
    key: Mapped[str] = field(_("Kept file"), String(80), unique=True, kind="file")
    digest: Mapped[str] = field(_("SHA-256 of the PDF"), String(64))
    expires_at: Mapped[datetime] = field(_("To be signed before"), Moment)
    signed_at: Mapped[datetime | None] = field(_("Signed on"), Moment)
    signed_by: Mapped[str | None] = field(_("Signed by"), String(200))
    proof: Mapped[dict[str, Any]] = field(_("Proof"), JSON, default=dict)
    signed_key: Mapped[str | None] = field(_("Signed file"), String(80), kind="file")
    countersigned_at: Mapped[datetime | None] = field(_("Counter-signed on"), Moment)
    countersigned_by: Mapped[str | None] = field(_("Counter-signed by"), String(200))
    refusal: Mapped[str] = field(_("Reason"), String(1000), default="")
    template_id: Mapped[int | None] = mapped_column(ForeignKey("agreement_template.id"))

    partner: Mapped[Any] = relationship("Partner")

    @property
    def newest_key(self) -> str:
        """Where the file lies as it is now: signed, if it has been."""
        return self.signed_key or self.key

    @property
    def can_be_signed(self) -> bool:
        return self.status is AgreementStatus.TO_SIGN and self.expires_at > now()


class AgreementFile(Record):
    """The SHA-256 of every state in which an agreement's PDF has left the house: offered, signed, counter-signed."""

    __tablename__ = "agreement_file"
    title, plural = _("File of an agreement"), _("Files of agreements")
    scope, recorded = INTERNAL, False

    agreement_key: Mapped[str] = mapped_column(String(80), index=True)  # the key of the agreement's offered file
    digest: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(20))


class SigningCode(Record):
    """A one-time code mailed to whoever is about to sign; only its digest is kept."""

    __tablename__ = "signing_code"
    title, plural = _("Signing code"), _("Signing codes")
    scope, recorded = INTERNAL, False

    agreement_id: Mapped[int] = mapped_column(ForeignKey("agreement.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(Text)
    sent_to: Mapped[str] = mapped_column(String(320))
    tries: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)

"""How an agreement is signed: a one-time code by mail, then a seal in the PDF with its evidence attached; the house counter-signs.

A seal takes a tenth of a second, and a time-stamp server may take seconds: files are made between transactions, and a transaction
only says that they stand. A file that came too late is thrown away.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import force_locale, format_datetime, gettext, lazy_gettext as _
from sqlalchemy import select

from app.connectors import documents, signature
from app.extensions import db
from app.models import Agreement, AgreementFile, AgreementKind, AgreementStatus, Partner, SigningCode, now
from app.models.scope import Scope, verb
from app.services import agreements, alerts, codes, files, notices
from app.services.crossings import crossing
from app.services.files import Kept
from app.services.refusals import RuleBroken
from app.services.wordings import locale_of

NOTHING_TO_SIGN = _("There is nothing to sign any more. Please open your file again.")
NOT_SEALED = _("The signature could not be put into the file just now. Nothing has been signed: please ask for a new code and try again.")


@dataclass(frozen=True)
class Sealed:
    """A file with one more signature, kept and not yet named by any row."""

    kept: Kept
    at: datetime
    by: str
    proof: dict[str, Any]


# --- the code -------------------------------------------------------------------------------------


def send_code(agreement_id: int, scope: Scope, email: str, language: str) -> None:
    """Mails a fresh six-digit code; earlier ones die. Runs on a session of its own, before the request's has begun."""
    with crossing(reading=False) as session:
        agreement = session.get(Agreement, agreement_id)
        if agreement is None or agreement.partner_id != scope.own_partner_id or not agreement.can_be_signed:
            raise RuleBroken(NOTHING_TO_SIGN)
        for earlier in session.scalars(select(SigningCode).where(SigningCode.agreement_id == agreement_id, SigningCode.used_at.is_(None))):
            earlier.used_at = now()
        code = codes.fresh()
        session.add(
            SigningCode(agreement_id=agreement_id, digest=codes.digest_of(agreement_id, code), sent_to=email, expires_at=now() + current_app.config["CODE_LIFETIME"])
        )
        notices.signing_code(session, email, language, code, agreement.partner_id, agreement.name)
        session.commit()


def use_code(agreement_id: int, scope: Scope, email: str, code: str) -> int:
    """Burns the code that was mailed to this address and returns its number, for the proof; raises RuleBroken. On a session of its
    own: a wrong try counts even though the request then fails."""
    with crossing(reading=False) as session:
        wanted = (
            select(SigningCode)
            .join(Agreement, Agreement.id == SigningCode.agreement_id)
            .where(SigningCode.agreement_id == agreement_id, Agreement.partner_id == scope.own_partner_id, SigningCode.used_at.is_(None))
            .where(SigningCode.sent_to == email)
        )
        sent = session.scalar(wanted.order_by(SigningCode.id.desc()).limit(1).with_for_update())
        right = codes.try_code(sent, agreement_id, code)
        session.commit()
        if sent is None or not right:
            raise RuleBroken(codes.NOT_THE_CODE, "code")
        return sent.id


# --- the partner signs ----------------------------------------------------------------------------


def consent(agreement: Agreement) -> str:
    """What the signer ticks, in the agreement's own language: the proof keeps these words."""
    with force_locale(locale_of(agreement.language)):
        if agreement.kind is AgreementKind.AMENDMENT:
            return gettext("I have read this amendment and I sign it in the name of my company.")
        return gettext("I have read this agreement and I sign it in the name of my company.")


def seal(agreement_id: int, scope: Scope, name: str, address: str, code_id: int) -> Sealed:
    """The PDF with the partner's signature and the evidence of it. No transaction is open meanwhile; raises RuleBroken."""
    with crossing() as session:
        agreement = session.get(Agreement, agreement_id)
        if agreement is None or agreement.partner_id != scope.own_partner_id or not agreement.can_be_signed:
            raise RuleBroken(NOTHING_TO_SIGN)
        partner = session.get_one(Partner, agreement.partner_id)
        sent = session.get_one(SigningCode, code_id)
    return seal_of(agreement, partner, name, sent.sent_to, address, sent.digest, sent.created_at)


def seal_of(agreement: Agreement, partner: Partner, name: str, email: str, address: str, code_proof: str, code_sent_at: datetime | None) -> Sealed:
    """The evidence as it is kept, shown in the PDF's field and attached to it."""
    at = now()
    facts = {
        "agreement": agreement.id,
        "title": agreement.name,
        "document_sha256": agreement.digest,
        "partner": str(partner),
        "siren": partner.siren,
        "signed_by": name,
        "email": email,
        "address": address,
        "offered_at": agreement.created_at.isoformat(),
        "code_sent_at": code_sent_at.isoformat() if code_sent_at is not None else "",
        "at": at.isoformat(),
        "consent": consent(agreement),
        "code_digest": code_proof,
        "level": signature.provider().level,
    }
    proof = signature.provider().seal(facts)
    with force_locale(locale_of(agreement.language)):
        lines = [
            gettext("Signed electronically by %(name)s", name=name),
            gettext("for %(company)s", company=str(partner)),
            format_datetime(at, "long"),
            gettext("Code sent to %(email)s", email=email),
        ]
        reason = gettext("Signed by %(name)s for %(company)s", name=name, company=str(partner))
    evidence = json.dumps(proof, ensure_ascii=False, indent=2).encode()
    return sealed(agreement, signature.PARTNER, name, at, lines, reason, proof, evidence)


def sealed(agreement: Agreement, field: str, by: str, at: datetime, lines: list[str], reason: str, proof: dict[str, Any], evidence: bytes | None = None) -> Sealed:
    try:
        stamp = documents.render("stamp", {"title": reason, "language": agreement.language, "lines": lines})
        content = signature.provider().sign(b"".join(files.read(agreement.newest_key)), field, reason, stamp, evidence)
    except (documents.NotRendered, signature.NotSigned, files.FileMissing, files.StoreGone) as fault:
        current_app.logger.error("agreement %s could not be sealed: %s", agreement.id, fault)
        raise RuleBroken(NOT_SEALED) from fault
    return Sealed(files.put(f"{agreement.id}.pdf", "application/pdf", content), at, by, proof)


def sign(agreement_id: int, signed: Sealed) -> Agreement:
    """Says that the partner has signed, in the caller's transaction; raises RuleBroken when the offer has ended meanwhile."""
    agreement = db.session.scalar(select(Agreement).where(Agreement.id == agreement_id).with_for_update())
    if agreement is None or not agreement.can_be_signed:
        raise RuleBroken(NOTHING_TO_SIGN)
    with verb(db.session(), {Agreement: None}):
        agreement.status, agreement.signed_at, agreement.signed_by = AgreementStatus.SIGNED, signed.at, signed.by
        agreement.signed_key, agreement.proof = signed.kept.key, signed.proof
    agreements.note_file(agreement, signed.kept.digest, "signed")
    if agreement.kind is AgreementKind.AMENDMENT:
        alerts.call(db.session(), "amendment_signed", db.session.get_one(Partner, agreement.partner_id))
    return agreement


# --- the house counter-signs ----------------------------------------------------------------------


def counterseal(agreement_id: int, by: str) -> Sealed:
    """The signed PDF with the house's signature beside the partner's. No transaction is open meanwhile; raises RuleBroken."""
    with crossing() as session:
        agreement = session.get(Agreement, agreement_id)
    if agreement is None or agreement.status is not AgreementStatus.SIGNED or agreement.countersigned_at is not None:
        raise RuleBroken(_("There is nothing to counter-sign."))
    if agreement.signed_key is None:
        raise RuleBroken(_("This agreement was signed before signatures were put into the file. Refuse the file, so that it is signed anew."))
    return counterseal_of(agreement, by)


def counterseal_of(agreement: Agreement, by: str) -> Sealed:
    at, house = now(), current_app.config["HOUSE_NAME"]
    with force_locale(locale_of(agreement.language)):
        lines = [gettext("Signed electronically by %(name)s", name=by), gettext("for %(company)s", company=house), format_datetime(at, "long")]
        reason = gettext("Signed by %(name)s for %(company)s", name=by, company=house)
    return sealed(agreement, signature.HOUSE, by, at, lines, reason, {})


def countersign(agreement: Agreement, signed: Sealed) -> None:
    """Says that the house has counter-signed."""
    if agreement.status is not AgreementStatus.SIGNED or agreement.countersigned_at is not None:
        raise RuleBroken(_("There is nothing to counter-sign."))
    agreement.signed_key, agreement.countersigned_at, agreement.countersigned_by = signed.kept.key, signed.at, signed.by
    agreements.note_file(agreement, signed.kept.digest, "countersigned")
    waits = Agreement.partner_id == agreement.partner_id, Agreement.kind == AgreementKind.AMENDMENT, Agreement.status == AgreementStatus.SIGNED
    if db.session.scalar(select(Agreement.id).where(*waits, Agreement.countersigned_at.is_(None), Agreement.id != agreement.id).limit(1)) is None:
        alerts.handled("amendment_signed", agreement.partner_id)


def signed_file(agreement_id: int) -> str | None:
    """The key of an agreement's signed file as it is now."""
    with crossing() as session:
        return session.scalar(select(Agreement.signed_key).where(Agreement.id == agreement_id))


def tidy(agreement_id: int, signed: Sealed, before: str | None = None) -> None:
    """Once the transaction has ended, either way: the file that the agreement does not name goes. A counter-signed file holds the
    signed one whole."""
    named = signed_file(agreement_id)
    if named != signed.kept.key:
        files.remove(signed.kept.key)
    elif before is not None and before != named:
        files.remove(before)


# --- whether a file is one of ours ----------------------------------------------------------------


FIELDS_OF = {"offered": [], "signed": [signature.PARTNER], "countersigned": [signature.PARTNER, signature.HOUSE]}


@dataclass(frozen=True)
class Verdict:
    """What is to be said of a PDF: which agreement's, in which state it left the house, and each signature in it."""

    digest: str
    agreement: Agreement | None
    state: str
    seals: list[signature.Seal]
    readable: bool

    @property
    def is_ours(self) -> bool:
        """Byte for byte a file that left this house, with the signatures of its state, each whole and made by its key."""
        if self.agreement is None or [each.field for each in self.seals] != FIELDS_OF.get(self.state):
            return False
        return all(each.ours and each.intact and not each.changed_later for each in self.seals)

    @property
    def binds(self) -> bool:
        """Whether the partner's signature is in it, and the agreement still stands."""
        return self.is_ours and self.state != "offered" and self.agreement is not None and self.agreement.status is AgreementStatus.SIGNED


def verify(content: bytes) -> Verdict:
    digest = hashlib.sha256(content).hexdigest()
    with crossing() as session:
        row = session.scalar(select(AgreementFile).where(AgreementFile.digest == digest).limit(1))
        agreement = session.scalar(select(Agreement).where(Agreement.key == row.agreement_key)) if row is not None else None
    try:
        return Verdict(digest, agreement, row.state if row is not None else "", signature.provider().seals(content), readable=True)
    except signature.NotSigned:
        return Verdict(digest, agreement, row.state if row is not None else "", [], readable=False)

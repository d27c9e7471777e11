"""Agreements: written from the wording in force, offered as a page and as a PDF, and the states they go through. Rules: DOMAIN 2.

How they are signed: services/signing.py.
"""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask_babel import force_locale, gettext, lazy_gettext as _
from sqlalchemy import select

from app.connectors import documents, signature
from app.extensions import db
from app.models import Agreement, AgreementFile, AgreementKind, AgreementStatus, Alert, Partner, PartnerStatus, now
from app.models.scope import leave, verb
from app.services import files, notices, wordings
from app.services.refusals import RuleBroken
from app.services.wordings import Wording, locale_of

FILE_NAMES = {(AgreementKind.AGREEMENT, "fr"): "convention.pdf", (AgreementKind.AMENDMENT, "fr"): "avenant.pdf", (AgreementKind.AMENDMENT, "en"): "amendment.pdf"}
COULD_NOT_BE_WRITTEN = _("The agreement could not be written just now. Nothing has been lost: please try again in a moment.")


def offer(partner: Partner, language: str, kind: AgreementKind = AgreementKind.AGREEMENT, wording: Wording | None = None) -> Agreement:
    """Writes the agreement in the partner's words and language and opens it for signature; an earlier offer of the same kind is
    cancelled. The PDF has its two fields for signatures from the beginning."""
    wording = wording or wordings.in_force(kind, partner.kind, language)
    parts = wordings.parts_of(wording.text, partner, language)
    content = written(wording.name, str(partner), language, parts)
    kept = files.put(FILE_NAMES.get((kind, language), "agreement.pdf"), "application/pdf", content)
    agreement = Agreement(
        partner_id=partner.id,
        kind=kind,
        name=wording.name,
        language=language,
        body=parts,
        key=kept.key,
        digest=kept.digest,
        status=AgreementStatus.TO_SIGN,
        expires_at=now() + current_app.config["OFFER_TO_SIGN_LIFETIME"],
        template_id=wording.id,
    )
    with verb(db.session(), {Agreement: None}):
        same = Agreement.partner_id == partner.id, Agreement.status == AgreementStatus.TO_SIGN, Agreement.kind == kind
        for earlier in db.session.scalars(select(Agreement).where(*same)) if kind is AgreementKind.AGREEMENT else ():
            earlier.status = AgreementStatus.CANCELLED
        db.session.add(agreement)
    note_file(agreement, kept.digest, "offered")
    return agreement


def written(title: str, partner: str, language: str, parts: list[dict[str, Any]]) -> bytes:
    """The PDF (tagged, PDF/A-3a) with its two fields for signatures; raises RuleBroken."""
    with force_locale(locale_of(language)):
        footer = gettext("Signed electronically; the evidence is attached to this file.")
    data = {"title": title, "house": current_app.config["HOUSE_NAME"], "partner": partner, "language": language, "parts": parts, "signed": True, "footer": footer}
    try:
        return signature.chosen.reserve(documents.render("agreement", data))
    except (documents.NotRendered, signature.NotSigned) as fault:
        current_app.logger.error("the agreement of %s could not be written: %s", partner, fault)
        raise RuleBroken(COULD_NOT_BE_WRITTEN) from fault


def note_file(agreement: Agreement, digest: str, state: str) -> None:
    """Remembers the digest of a file that leaves the house, so that it can be recognised later."""
    leave(db.session(), AgreementFile(agreement_key=agreement.key, digest=digest, state=state))


def offer_amendment(partner: Partner, language: str, name: str, text: str) -> Agreement:
    """An amendment in words of its own; the partner's owners are told by mail."""
    if partner.status is not PartnerStatus.ACTIVE:
        raise RuleBroken(_("An amendment is for a partner whose agreement stands: this one is “%(status)s”.", status=partner.status.label))
    if not name.strip():
        raise RuleBroken(_("Please fill in this field."), "name")
    agreement = offer(partner, language, AgreementKind.AMENDMENT, Wording(name.strip()[:200], wordings.check(text)))
    notices.to_sign(partner, agreement.name, agreement.expires_at)
    return agreement


def renew(partner: Partner, language: str) -> Agreement:
    """Offers the agreement again once the earlier offer has expired or been declined; one that can still be signed stays."""
    standing_offer = to_sign(partner.id)
    if partner.status is not PartnerStatus.TO_SIGN:
        raise RuleBroken(_("There is nothing to sign any more. Please open your file again."))
    if standing_offer is not None and standing_offer.can_be_signed:
        return standing_offer
    if standing_offer is not None:
        with verb(db.session(), {Agreement: None}):
            standing_offer.status = AgreementStatus.EXPIRED
    return offer(partner, language)


def decline(agreement: Agreement, reason: str) -> None:
    """The partner does not sign, and says why: staff are told, and may offer other words."""
    if not agreement.can_be_signed:
        raise RuleBroken(_("There is nothing to sign any more. Please open your file again."))
    if not reason.strip():
        raise RuleBroken(_("Please say why: the house will read it."), "reason")
    with verb(db.session(), {Agreement: None}):
        agreement.status, agreement.refusal = AgreementStatus.REFUSED, reason.strip()[:1000]
    leave(db.session(), Alert(kind="agreement_declined", partner_id=agreement.partner_id))


def withdraw(agreement: Agreement, reason: str) -> None:
    """Staff take back an offer that has not been signed."""
    if agreement.status is not AgreementStatus.TO_SIGN:
        raise RuleBroken(_("Only an offer that waits for its signature can be withdrawn."))
    if not reason.strip():
        raise RuleBroken(_("Please give the reason: it is kept in the history."), "reason")
    agreement.status, agreement.refusal = AgreementStatus.CANCELLED, reason.strip()[:1000]


def to_sign(partner_id: int) -> Agreement | None:
    """The distribution agreement that is offered to a partner, or None."""
    wanted = select(Agreement).where(Agreement.partner_id == partner_id, Agreement.status == AgreementStatus.TO_SIGN, Agreement.kind == AgreementKind.AGREEMENT)
    return db.session.scalar(wanted.order_by(Agreement.id.desc()).limit(1))


def proof_is_whole(agreement: Agreement) -> bool:
    """Whether the kept proof is still the one that was sealed."""
    return signature.chosen.is_whole(agreement.proof)


def cancel_signed(partner: Partner) -> None:
    """A refused file's agreement no longer stands: the corrected file is signed anew."""
    cancel(partner, AgreementStatus.SIGNED, AgreementStatus.TO_SIGN)


def cancel_offers(partner: Partner) -> None:
    """What was signed stays; what waits for a signature is withdrawn."""
    cancel(partner, AgreementStatus.TO_SIGN)


def cancel(partner: Partner, *states: AgreementStatus) -> None:
    for agreement in db.session.scalars(select(Agreement).where(Agreement.partner_id == partner.id, Agreement.status.in_(states))):
        agreement.status = AgreementStatus.CANCELLED


def standing(partner_id: int) -> Agreement | None:
    """The newest signed distribution agreement, or None."""
    signed = Agreement.status == AgreementStatus.SIGNED, Agreement.kind == AgreementKind.AGREEMENT
    wanted = select(Agreement).where(Agreement.partner_id == partner_id, *signed)
    return db.session.scalar(wanted.order_by(Agreement.id.desc()).limit(1))


def declined(partner_id: int) -> Agreement | None:
    """The distribution agreement that the partner has declined, when it is the newest."""
    newest = select(Agreement).where(Agreement.partner_id == partner_id, Agreement.kind == AgreementKind.AGREEMENT).order_by(Agreement.id.desc()).limit(1)
    found = db.session.scalar(newest)
    return found if found is not None and found.status is AgreementStatus.REFUSED else None


def of_partner(partner_id: int) -> list[Agreement]:
    return list(db.session.scalars(select(Agreement).where(Agreement.partner_id == partner_id).order_by(Agreement.id.desc())))

"""Agreements: written from the wording in force, offered as a page and as a PDF, and the states they go through. Rules: DOMAIN 2.

How they are signed: services/signing.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import force_locale, gettext, lazy_gettext as _
from sqlalchemy import func, select

from app.connectors import documents, signature
from app.extensions import db
from app.models import Agreement, AgreementFile, AgreementKind, AgreementStatus, Partner, PartnerStatus, now
from app.models.scope import leave, verb
from app.services import alerts, colleagues, files, notices, wordings
from app.services.crossings import crossing
from app.services.files import Kept
from app.services.refusals import RuleBroken
from app.services.wordings import Wording, locale_of

FILE_NAMES = {(AgreementKind.AGREEMENT, "fr"): "convention.pdf", (AgreementKind.AMENDMENT, "fr"): "avenant.pdf", (AgreementKind.AMENDMENT, "en"): "amendment.pdf"}
COULD_NOT_BE_WRITTEN = _("The agreement could not be written just now. Nothing has been lost: please try again in a moment.")


@dataclass(frozen=True)
class Prepared:
    """An agreement written and kept as a file that no row names yet."""

    wording: Wording
    parts: list[dict[str, Any]]
    partner: str
    language: str
    kept: Kept


@contextmanager
def prepared(partner: Partner, language: str, kind: AgreementKind = AgreementKind.AGREEMENT, wording: Wording | None = None) -> Iterator[Prepared]:
    """Writes the PDF while no transaction is open: that takes a tenth of a second, or several for a long text, and nobody's writing
    waits for it. If no agreement has come of it in the end, the file goes. Raises RuleBroken."""
    found = prepare(partner, language, kind, wording)
    try:
        yield found
    finally:
        db.session.rollback()
        with crossing() as session:
            named = session.scalar(select(Agreement.id).where(Agreement.key == found.kept.key))
        if named is None:
            files.remove(found.kept.key)


def prepare(partner: Partner, language: str, kind: AgreementKind = AgreementKind.AGREEMENT, wording: Wording | None = None) -> Prepared:
    wording = wording or wordings.in_force(kind, partner.kind, language)
    parts = wordings.parts_of(wording.text, partner, language)
    name = str(partner)
    db.session.rollback()
    content = written(wording.name, name, language, parts)
    return Prepared(wording, parts, name, language, files.put(FILE_NAMES.get((kind, language), "agreement.pdf"), "application/pdf", content))


def offer(partner: Partner, language: str, kind: AgreementKind = AgreementKind.AGREEMENT, wording: Wording | None = None, ready: Prepared | None = None) -> Agreement:
    """Opens the agreement in the partner's words and language for signature; an earlier offer of the same kind is cancelled. The PDF
    has its two fields for signatures from the beginning. What was made `ready` before the transaction is used if it still says the
    same; otherwise it is written now."""
    wording = wording or wordings.in_force(kind, partner.kind, language)
    parts = wordings.parts_of(wording.text, partner, language)
    if ready is not None and (ready.parts, ready.partner, ready.wording.name, ready.language) == (parts, str(partner), wording.name, language):
        kept = ready.kept
    else:
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
        footer = gettext("Electronic signatures: each brings its evidence into this file.")
    data = {"title": title, "house": current_app.config["HOUSE_NAME"], "partner": partner, "language": language, "parts": parts, "signed": True, "footer": footer}
    try:
        return signature.provider().reserve(documents.render("agreement", data))
    except (documents.NotRendered, signature.NotSigned) as fault:
        current_app.logger.error("the agreement of %s could not be written: %s", partner, fault)
        raise RuleBroken(COULD_NOT_BE_WRITTEN) from fault


def note_file(agreement: Agreement, digest: str, state: str) -> None:
    """Remembers the digest of a file that leaves the house, so that it can be recognised later."""
    leave(db.session(), AgreementFile(agreement_key=agreement.key, digest=digest, state=state))


def own_words(name: str, text: str) -> Wording:
    """The words of one amendment; raises RuleBroken (fields name, text)."""
    if not name.strip():
        raise RuleBroken(_("Please fill in this field."), "name")
    text = wordings.check(text)
    if any(wordings.placeholder(language) in text for language in current_app.config["LANGUAGES"]):
        raise RuleBroken(_("Please replace the sentence that says what to write."), "text")
    return Wording(name.strip()[:200], text)


def next_amendment(partner_id: int) -> int:
    """The number that the next amendment of a partner bears."""
    held = select(func.count(Agreement.id)).where(Agreement.partner_id == partner_id, Agreement.kind == AgreementKind.AMENDMENT)
    return (db.session.scalar(held) or 0) + 1


def offer_amendment(partner: Partner, language: str, wording: Wording, ready: Prepared | None = None) -> Agreement:
    """An amendment in words of its own; the partner's owners are told by mail."""
    if partner.status is not PartnerStatus.ACTIVE:
        raise RuleBroken(_("An amendment is for a partner whose agreement stands: this one is “%(status)s”.", status=partner.status.label))
    if not colleagues.owners(partner.id, db.session()):
        raise RuleBroken(_("Nobody of this partner can sign yet: invite an owner first."))
    agreement = offer(partner, language, AgreementKind.AMENDMENT, wording, ready)
    notices.to_sign(partner, agreement.name, agreement.expires_at)
    return agreement


def renew(partner: Partner, language: str, ready: Prepared | None = None) -> Agreement:
    """Offers the agreement again once the earlier offer has expired or been declined; one that can still be signed stays. What
    staff have taken back is theirs to offer again."""
    last = newest(partner.id)
    if partner.status is not PartnerStatus.TO_SIGN or last is None:
        raise RuleBroken(_("There is nothing to sign any more. Please open your file again."))
    if last.can_be_signed:
        return last
    if last.status is AgreementStatus.CANCELLED:
        raise RuleBroken(_("The house has withdrawn its offer and will get in touch with you."))
    if last.status is AgreementStatus.TO_SIGN:
        with verb(db.session(), {Agreement: None}):
            last.status = AgreementStatus.EXPIRED
    return offer(partner, language, ready=ready)


def offer_again(agreement: Agreement) -> Agreement:
    """Staff offer once more what expired, was declined or was withdrawn: an agreement in the words in force today, an amendment in
    its own."""
    partner = db.session.get_one(Partner, agreement.partner_id)
    if agreement.kind is AgreementKind.AMENDMENT:
        raise RuleBroken(_("Write a new amendment: its words can be changed as well."))
    if partner.status is not PartnerStatus.TO_SIGN or to_sign(partner.id) is not None:
        raise RuleBroken(_("This partner has nothing to sign at the moment, or has an offer already."))
    fresh = offer(partner, agreement.language)
    notices.to_sign(partner, fresh.name, fresh.expires_at)
    return fresh


def decline(agreement: Agreement, reason: str) -> None:
    """The partner does not sign, and says why: staff are told, and may offer other words."""
    if not agreement.can_be_signed:
        raise RuleBroken(_("There is nothing to sign any more. Please open your file again."))
    if not reason.strip():
        raise RuleBroken(_("Please say why: the house will read it."), "reason")
    with verb(db.session(), {Agreement: None}):
        agreement.status, agreement.refusal = AgreementStatus.REFUSED, reason.strip()[:1000]
    alerts.call(db.session(), "agreement_declined", db.session.get_one(Partner, agreement.partner_id))


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
    return signature.provider().is_whole(agreement.proof)


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


def newest(partner_id: int) -> Agreement | None:
    """The distribution agreement that was offered last, whatever became of it."""
    of_kind = Agreement.partner_id == partner_id, Agreement.kind == AgreementKind.AGREEMENT
    return db.session.scalar(select(Agreement).where(*of_kind).order_by(Agreement.id.desc()).limit(1))


def of_partner(partner_id: int) -> list[Agreement]:
    return list(db.session.scalars(select(Agreement).where(Agreement.partner_id == partner_id).order_by(Agreement.id.desc())))

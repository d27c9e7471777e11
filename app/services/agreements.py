"""Agreements: offered as a page and as a PDF, signed with a one-time code, kept with a proof. Rules: DOMAIN 2."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

from flask import current_app
from flask_babel import force_locale, format_date, gettext, lazy_gettext as _
from sqlalchemy import select

from app.connectors import documents, signature
from app.extensions import db
from app.models import Agreement, AgreementKind, AgreementStatus, Country, Partner, PartnerStatus, SigningCode, now, today
from app.models.scope import Scope, verb
from app.services import files, notices
from app.services.crossings import crossing
from app.services.identifiers import grouped
from app.services.refusals import RuleBroken

TRIES = 5


def offer(partner: Partner, language: str) -> Agreement:
    """Writes the agreement in the partner's words and language and opens it for signature; an earlier offer is cancelled."""
    with force_locale(locale_of(language)):
        title = gettext("Distribution agreement")
        parts = articles(partner)
    data = {"title": title, "house": current_app.config["HOUSE_NAME"], "partner": str(partner), "language": language, "parts": parts}
    try:
        content = documents.render("agreement", data)
    except documents.NotRendered as fault:
        current_app.logger.error("the agreement of partner %s could not be written: %s", partner.id, fault)
        raise RuleBroken(_("The agreement could not be written just now. Nothing has been lost: please try again in a moment.")) from fault
    kept = files.put("convention.pdf" if language == "fr" else "agreement.pdf", "application/pdf", content)
    agreement = Agreement(
        partner_id=partner.id,
        kind=AgreementKind.AGREEMENT,
        name=title,
        language=language,
        body=parts,
        key=kept.key,
        digest=kept.digest,
        status=AgreementStatus.TO_SIGN,
        expires_at=now() + current_app.config["OFFER_TO_SIGN_LIFETIME"],
    )
    with verb(db.session(), {Agreement: None}):
        for earlier in db.session.scalars(select(Agreement).where(Agreement.partner_id == partner.id, Agreement.status == AgreementStatus.TO_SIGN)):
            earlier.status = AgreementStatus.CANCELLED
        db.session.add(agreement)
    return agreement


def locale_of(language: str) -> str:
    """The locale in which a language's dates are written: en_GB for English."""
    return current_app.config["LANGUAGES"][language]["locale"]


def renew(partner: Partner, language: str) -> Agreement:
    """Offers the agreement again once the earlier offer has expired; one that can still be signed stays."""
    standing_offer = to_sign(partner.id)
    if partner.status is not PartnerStatus.TO_SIGN:
        raise RuleBroken(_("There is nothing to sign any more. Please open your file again."))
    if standing_offer is not None and standing_offer.can_be_signed:
        return standing_offer
    if standing_offer is not None:
        with verb(db.session(), {Agreement: None}):
            standing_offer.status = AgreementStatus.EXPIRED
    return offer(partner, language)


def registration_words(partner: Partner) -> str:
    """What the partner is registered under: « RCS Marseille 732 829 320, ORIAS 07 004 126 »."""
    siren = grouped("siren", partner.siren or "")
    words = gettext("RCS %(town)s %(siren)s", town=partner.rcs_town, siren=siren) if partner.needs_rcs else gettext("SIREN %(siren)s", siren=siren)
    if partner.orias_number:
        words += gettext(", ORIAS %(number)s", number=grouped("orias", partner.orias_number))
    return words


def address_words(partner: Partner) -> str:
    """The parts of the address that the file holds, on one line."""
    town = " ".join(part for part in (partner.postcode, partner.city) if part)
    abroad = "" if partner.country == Country.FRANCE else partner.country.label
    return ", ".join(part for part in (partner.street, town, abroad) if part)


def articles(partner: Partner) -> list[dict[str, Any]]:
    """The agreement's articles in the current language."""
    house = current_app.config["HOUSE_NAME"]
    return [
        {
            "title": gettext("Between"),
            "paragraphs": [
                gettext("%(house)s, hereafter “the House”,", house=house),
                gettext(
                    "and %(partner)s (%(registered)s), %(address)s, hereafter “the Partner”.",
                    partner=partner,
                    registered=registration_words(partner),
                    address=address_words(partner),
                ),
            ],
        },
        {
            "title": gettext("Article 1 – Purpose"),
            "paragraphs": [
                gettext(
                    "The House entrusts the Partner, without exclusivity, with distributing the offerings that it assigns to it. The list of these offerings is kept up to date on the Partner’s portal."
                )
            ],
        },
        {
            "title": gettext("Article 2 – The Partner’s duties"),
            "paragraphs": [
                gettext("The Partner keeps the registrations, insurance and guarantees that its activity requires, and tells the House without delay of any change."),
                gettext("It gathers its clients’ needs and knowledge, advises them in their interest, and keeps the proof of it."),
            ],
        },
        {
            "title": gettext("Article 3 – Remuneration"),
            "paragraphs": [
                gettext(
                    "The Partner receives the share of commissions that its program and tier provide for, on commissions actually received by the House. Statements are drawn up monthly."
                )
            ],
        },
        {
            "title": gettext("Article 4 – Personal data"),
            "paragraphs": [gettext("Each party is the controller of the personal data it processes, and keeps clients’ data confidential and secure.")],
        },
        {
            "title": gettext("Article 5 – Term"),
            "paragraphs": [
                gettext(
                    "This agreement takes effect when the House has validated the Partner’s file, for an unlimited time. Either party may end it with three months’ notice."
                )
            ],
        },
        {"title": "", "paragraphs": [gettext("Dated %(day)s", day=format_date(today(), "long"))]},
    ]


def to_sign(partner_id: int) -> Agreement | None:
    wanted = select(Agreement).where(Agreement.partner_id == partner_id, Agreement.status == AgreementStatus.TO_SIGN)
    return db.session.scalar(wanted.order_by(Agreement.id.desc()).limit(1))


def code_digest(agreement_id: int, code: str) -> str:
    key = current_app.config["SECRET_KEY"].encode()
    return hmac.new(key, f"{agreement_id}:{code}".encode(), hashlib.sha256).hexdigest()


def send_code(agreement_id: int, scope: Scope, email: str, language: str) -> None:
    """Mails a fresh six-digit code; earlier ones die. Runs on a session of its own, before the request's has begun."""
    with crossing(reading=False) as session:
        agreement = session.get(Agreement, agreement_id)
        if agreement is None or agreement.partner_id not in scope.partner_ids or not agreement.can_be_signed:
            raise RuleBroken(_("There is nothing to sign any more. Please open your file again."))
        for earlier in session.scalars(select(SigningCode).where(SigningCode.agreement_id == agreement_id, SigningCode.used_at.is_(None))):
            earlier.used_at = now()
        code = f"{secrets.randbelow(1_000_000):06d}"
        session.add(SigningCode(agreement_id=agreement_id, digest=code_digest(agreement_id, code), sent_to=email, expires_at=now() + current_app.config["CODE_LIFETIME"]))
        notices.signing_code(session, email, language, code, agreement.partner_id)
        session.commit()


def use_code(agreement_id: int, scope: Scope, code: str) -> str:
    """Burns the code and returns its digest for the proof; raises RuleBroken. On a session of its own: a wrong try counts
    even though the request then fails."""
    with crossing(reading=False) as session:
        wanted = (
            select(SigningCode)
            .join(Agreement, Agreement.id == SigningCode.agreement_id)
            .where(SigningCode.agreement_id == agreement_id, Agreement.partner_id.in_(scope.partner_ids), SigningCode.used_at.is_(None))
        )
        sent = session.scalar(wanted.order_by(SigningCode.id.desc()).limit(1).with_for_update())
        if sent is None or sent.expires_at < now() or sent.tries >= TRIES:
            raise RuleBroken(_("This code is no longer valid. Please ask for a new one."), "code")
        right = hmac.compare_digest(sent.digest, code_digest(agreement_id, code.strip().replace(" ", "")))
        if right:
            sent.used_at = now()
        else:
            sent.tries += 1
        session.commit()
        if not right:
            raise RuleBroken(_("This is not the code that was sent. Please check it, or ask for a new one."), "code")
        return sent.digest


def consent(language: str) -> str:
    """What the signer ticks, in the agreement's own language: the proof keeps these words."""
    with force_locale(locale_of(language)):
        return gettext("I have read this agreement and I sign it in the name of my company.")


def sign(agreement: Agreement, name: str, email: str, address: str, code_proof: str) -> None:
    """Records the signature with everything that proves it, sealed."""
    if not agreement.can_be_signed:
        raise RuleBroken(_("There is nothing to sign any more. Please open your file again."))
    at = now()
    facts = {
        "agreement": agreement.id,
        "document_sha256": agreement.digest,
        "signed_by": name,
        "email": email,
        "address": address,
        "at": at.isoformat(),
        "consent": consent(agreement.language),
        "code_digest": code_proof,
        "level": signature.chosen.level,
    }
    with verb(db.session(), {Agreement: None}):
        agreement.status, agreement.signed_at, agreement.signed_by = AgreementStatus.SIGNED, at, name
        agreement.proof = signature.chosen.seal(facts)


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
    """The newest signed agreement, or None."""
    wanted = select(Agreement).where(Agreement.partner_id == partner_id, Agreement.status == AgreementStatus.SIGNED)
    return db.session.scalar(wanted.order_by(Agreement.id.desc()).limit(1))


def of_partner(partner_id: int) -> list[Agreement]:
    return list(db.session.scalars(select(Agreement).where(Agreement.partner_id == partner_id).order_by(Agreement.id.desc())))

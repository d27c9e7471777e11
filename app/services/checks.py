"""The checks of a partner's file: asked of the registers, judged here, kept as proof. Rules: DOMAIN 2 and 3."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.connectors import registers
from app.connectors.registers import kept, local
from app.extensions import db
from app.models import Check, CheckKind, CheckResult, Document, DocumentKind, Partner
from app.models.scope import verb
from app.services import identifiers, jobs, papers, settings
from app.services.papers import Compared
from app.services.refusals import RuleBroken

FIRST_RETRY = timedelta(minutes=5)
PASSED, FAILED, UNAVAILABLE, NOT_REQUIRED = CheckResult.PASSED, CheckResult.FAILED, CheckResult.UNAVAILABLE, CheckResult.NOT_REQUIRED
Judgement = tuple[CheckResult, str, Any]  # result, what was asked, the answer


def check_siren(partner: Partner) -> Judgement:
    company = registers.chosen.company(partner.siren or "")
    if company is None:
        return FAILED, partner.siren or "", None
    return (PASSED if company.is_open else FAILED), company.siren, company


def check_rcs(partner: Partner) -> Judgement:
    if not partner.needs_rcs:
        return NOT_REQUIRED, partner.siren or "", None
    entry = registers.chosen.registration(partner.siren or "")
    return (PASSED if entry and entry.in_rcs else FAILED), f"RCS {partner.rcs_town} {partner.siren}", entry


def check_orias(partner: Partner) -> Judgement:
    if not partner.categories_asked:
        return NOT_REQUIRED, partner.siren or "", None
    return judge_orias(partner, registers.chosen.intermediary(partner.siren or ""))


def judge_orias(partner: Partner, entry: registers.Intermediary | None) -> Judgement:
    """Passes when one of the categories that the kind of partner needs stands as registered, under the number declared."""
    if not partner.categories_asked:
        return NOT_REQUIRED, partner.siren or "", entry
    asked = f"{partner.siren} {partner.orias_number or ''} {'/'.join(sorted(partner.categories_asked))}"
    same_number = entry is not None and (not partner.orias_number or partner.orias_number == entry.number)
    return (PASSED if entry and same_number and entry.standing & partner.categories_asked else FAILED), asked, entry


def check_identity(partner: Partner) -> Judgement:
    """The machine-readable lines compared with the person, and a register of identity documents asked where there is one; without
    either, staff compare the piece by eye and say so in writing."""
    document = newest_document(partner.id, DocumentKind.IDENTITY)
    paper = papers.paper_of(document) if document is not None else None
    if document is None or paper is None or not paper.number:
        return FAILED, "", None
    number = papers.hidden(paper.number)
    if document.is_expired:
        return FAILED, number, Compared(number, is_valid=False, reason="expired")
    lines, differences = papers.compare(paper)
    if differences:
        return FAILED, number, Compared(number, is_valid=False, reason="other person", lines=lines, differences=differences)
    answer = registers.chosen.identity(paper.number, document.expires_on)
    if answer is None and not lines:
        raise registers.Unavailable("identity")
    compared = Compared(number, answer is None or answer.is_valid, answer.reason if answer else "", lines, register=registers.chosen.name if answer else "")
    return (PASSED if compared.is_valid else FAILED), number, compared


QUESTIONS: dict[CheckKind, Callable[[Partner], Judgement]] = {
    CheckKind.SIREN: check_siren,
    CheckKind.RCS: check_rcs,
    CheckKind.ORIAS: check_orias,
    CheckKind.IDENTITY: check_identity,
}


OF_COMPANIES = (CheckKind.SIREN, CheckKind.RCS, CheckKind.ORIAS)  # what a register that was silent may answer later


def foresee(siren: str | None, anew: bool = False) -> None:
    """Asks the registers about a company while no transaction is open: they may be slow, and the rules that run within one find
    the answers kept. All at once, so that it takes as long as the slowest."""
    try:
        siren = identifiers.siren(siren or "")  # what people type goes to nobody before it is a SIREN
    except RuleBroken:
        return
    if anew:
        registers.forget(siren)
    questions: list[Callable[[str], Any]] = [registers.chosen.company, registers.chosen.registration, registers.chosen.intermediary]
    with ThreadPoolExecutor(len(questions)) as askers:
        for answer in [askers.submit(question, siren) for question in questions]:
            with suppress(registers.Unavailable):
                answer.result()


def newest_document(partner_id: int, kind: DocumentKind) -> Document | None:
    return db.session.scalar(select(Document).where(Document.partner_id == partner_id, Document.kind == kind).order_by(Document.id.desc()).limit(1))


def expected_documents(partner: Partner) -> list[tuple[DocumentKind, Document | None]]:
    """The pieces that a file of this kind should hold, each with the newest one received. Only REQUIRED_DOCUMENTS
    (partners.py) stop a submission; staff see what else is missing or expired."""
    kinds = [DocumentKind.IDENTITY]
    kinds += [DocumentKind.KBIS] if partner.needs_rcs else []
    kinds += [DocumentKind.ORIAS, DocumentKind.LIABILITY] if partner.categories_asked else []
    kinds += [DocumentKind.ASSOCIATION] if "CIF" in partner.categories_asked else []
    return [(kind, newest_document(partner.id, kind)) for kind in kinds]


def ask(partner: Partner, kind: CheckKind) -> Check:
    """Asks one register and says what it answered; a switched-off check is not required."""
    check = Check(partner_id=partner.id, kind=kind, register=registers.chosen.name)
    if not settings.check_is_on(kind):
        check.result = NOT_REQUIRED
        return check
    try:
        with kept.only_kept():
            check.result, check.asked, answer = QUESTIONS[kind](partner)
        check.answered = registers.proof(answer)
    except registers.Unavailable as silence:
        check.result, check.asked, check.answered = UNAVAILABLE, question_words(partner, kind), {"register": str(silence)}
    return check


def question_words(partner: Partner, kind: CheckKind) -> str:
    """What a register that stayed silent had been asked."""
    if kind is CheckKind.IDENTITY:
        document = newest_document(partner.id, DocumentKind.IDENTITY)
        paper = papers.paper_of(document) if document else None
        return papers.hidden(paper.number) if paper else ""
    return partner.siren or ""


def run_all(partner: Partner) -> list[Check]:
    """Asks every register and keeps the answers; earlier answers stay as they were."""
    asked = [ask(partner, kind) for kind in CheckKind]
    with verb(db.session(), {Check: None}):
        db.session.add_all(asked)
    if any(check.result is UNAVAILABLE and check.kind in OF_COMPANIES for check in asked):
        jobs.enqueue("ask_registers", {"partner_id": partner.id}, str(partner), wait=FIRST_RETRY)
    return asked


def latest(partner_id: int) -> list[Check]:
    """The newest answer of each register for a partner, in the order they are asked."""
    found = db.session.scalars(select(Check).where(Check.partner_id == partner_id).order_by(Check.id.desc()))
    newest: dict[CheckKind, Check] = {}
    for check in found:
        newest.setdefault(check.kind, check)
    return [newest[kind] for kind in CheckKind if kind in newest]


def standing_of(session: Session, partner_id: int) -> frozenset[str]:
    """The categories under which ORIAS last said that a partner is registered; a silence of the register says nothing (DOMAIN 7)."""
    answered = Check.partner_id == partner_id, Check.kind == CheckKind.ORIAS, Check.result != CheckResult.UNAVAILABLE
    return frozenset(standing(session.scalar(select(Check).where(*answered).order_by(Check.id.desc()).limit(1))))


def standing(check: Check | None) -> set[str]:
    """The categories that an answer of ORIAS names as registered."""
    statuses = (check.answered or {}).get("statuses") if check is not None else None
    return {category for category, status in (statuses or {}).items() if status == "INSCRIT"}


def override(check: Check, reason: str, by: str) -> None:
    """Staff take a failed or silent check upon themselves, in writing."""
    if not reason.strip():
        raise RuleBroken(_("Please give the reason: it is kept with the check."), f"reason_{check.id}")
    if not check.stands_in_the_way:
        raise RuleBroken(_("This check does not stand in the way."))
    check.override_reason, check.overridden_by = reason.strip()[:1000], by


def refuse_impossible_siren(partner: Partner) -> None:
    """A malformed SIREN or that of a closed company stops a submission, beside the field. One that the register does not find
    does not: it may belong to somebody who did not agree to be published; staff see the failed check."""
    if not partner.siren:
        raise RuleBroken(_("Please enter the SIREN of your company."), "siren")
    try:
        identifiers.siren(partner.siren)
    except RuleBroken as refusal:
        raise RuleBroken(refusal.sentence, "siren") from refusal
    if not settings.check_is_on(CheckKind.SIREN):
        return
    try:
        with kept.only_kept():
            company = registers.chosen.company(partner.siren)
    except registers.Unavailable:
        return
    if company is not None and not company.is_open:
        raise RuleBroken(_("According to the register, the company with this SIREN is closed. Please check the number."), "siren")


def legend() -> tuple[tuple[str, str], ...]:
    """The SIREN numbers that the local register answers to in different ways, each with the ORIAS number it expects: for the
    demo's help page."""
    return tuple((siren, local.orias_number(siren)) for siren in local.LEGEND)

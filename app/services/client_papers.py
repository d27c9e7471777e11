"""Documents made for a client: written as a PDF, read on a page, signed with a code that is mailed to the signer.

As with agreements (services/signing.py), files are made while no transaction is open, and a transaction only says that they stand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import force_locale, format_date, format_datetime, gettext, lazy_gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from app.connectors import documents, signature
from app.models import (
    AnsweredHow,
    Client,
    ClientAnswers,
    ClientCode,
    ClientPaper,
    ClientPaperKind,
    ClientPaperState,
    Partner,
    Questionnaire,
    QuestionnaireKind,
    now,
    today,
)
from app.models.scope import verb
from app.services import client_mails, codes, files, throttle
from app.services.brand import letterhead
from app.services.client_people import Recipient, is_theirs
from app.services.crossings import crossing
from app.services.files import Kept
from app.services.people import digest_of
from app.services.questionnaires import answers, reading
from app.services.questionnaires.definition import read
from app.services.refusals import RuleBroken
from app.services.wordings import locale_of

COULD_NOT_BE_WRITTEN = _("The document could not be written just now. Nothing has been lost: please try again in a moment.")
NOTHING_TO_SIGN = _("There is nothing to sign any more. Please open the page again.")
NOT_SEALED = _("The signature could not be put into the file just now. Nothing has been signed: please ask for a new code and try again.")
FREE_CODES = 5  # codes for one document, before each waits longer than the one before
KINDS = {QuestionnaireKind.QCF: ClientPaperKind.QCF, QuestionnaireKind.QPR: ClientPaperKind.QPR}


@dataclass(frozen=True)
class Result:
    """The document of some answers, kept as a file that no row names yet."""

    kind: ClientPaperKind
    name: str
    language: str
    kept: Kept


@dataclass(frozen=True)
class Sealed:
    """A file with the client's signature, kept and not yet named by any row."""

    kept: Kept
    at: datetime
    by: str
    proof: dict[str, Any]


# --- the result of a questionnaire ----------------------------------------------------------------


@contextmanager
def prepared(client_id: int, questionnaire: Questionnaire, values: answers.Values) -> Iterator[Result]:
    """Writes the document of answers that are about to be kept. If nothing has come of it in the end, the file goes. Raises
    RuleBroken."""
    found = prepare(client_id, questionnaire, values)
    try:
        yield found
    finally:
        with crossing() as session:
            named = session.scalar(select(ClientPaper.id).where(ClientPaper.key == found.kept.key))
        if named is None:
            files.remove(found.kept.key)


def prepare(client_id: int, questionnaire: Questionnaire, values: answers.Values) -> Result:
    with crossing() as session:
        client = session.get_one(Client, client_id)
        partner = session.get_one(Partner, client.partner_id)
    definition = read(questionnaire.content)
    kept = answers.checked(definition, values)
    with force_locale(locale_of(client.language)):
        name = str(KINDS[questionnaire.kind].label)
        facts = reading.outcome_words(definition, answers.outcome(definition, kept), kept)
        told = [
            (title, [(words, answer if isinstance(answer, str) else "") for _question, words, answer in lines]) for title, lines in reading.told_under(definition, kept)
        ]
        data = result_words(client, partner, questionnaire, facts) | {
            "title": name,
            "language": client.language,
            "facts": plain(facts),
            "told": told,
            "brand": letterhead(partner),
        }
    try:
        content = signature.provider().reserve(documents.render("result", data), (signature.CLIENT,))
    except (documents.NotRendered, signature.NotSigned) as fault:
        current_app.logger.error("the document of client %s could not be written: %s", client_id, fault)
        raise RuleBroken(COULD_NOT_BE_WRITTEN) from fault
    return Result(KINDS[questionnaire.kind], name, client.language, files.put(f"{questionnaire.kind.value}.pdf", "application/pdf", content))


def keep_letter(client: Client, partner: Partner, title: str, parts: list[dict[str, Any]]) -> Kept:
    """The PDF of a letter with its field for the client's signature, kept and not yet named by any row; raises RuleBroken."""
    with force_locale(locale_of(client.language)):
        footer = gettext("Electronic signatures: each brings its evidence into this file.")
    data = {
        "title": title,
        "house": str(partner),
        "partner": client.called,
        "language": client.language,
        "parts": parts,
        "signed": True,
        "footer": footer,
        "brand": letterhead(partner),
    }
    try:
        content = signature.provider().reserve(documents.render("agreement", data), (signature.CLIENT,))
    except (documents.NotRendered, signature.NotSigned) as fault:
        current_app.logger.error("a letter for client %s could not be written: %s", client.id, fault)
        raise RuleBroken(COULD_NOT_BE_WRITTEN) from fault
    return files.put("letter.pdf", "application/pdf", content)


def plain(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts as JSON takes them."""
    return json.loads(json.dumps(facts, ensure_ascii=False))


def result_words(client: Client, partner: Partner, questionnaire: Questionnaire, facts: dict[str, Any]) -> dict[str, Any]:
    """The words of the document beside the answers, in the client's language."""
    return {
        "partner": str(partner),
        "client": client.called,
        "intro": gettext(
            "Drawn up on %(day)s for %(client)s, from version %(number)s of the questionnaire.",
            day=format_date(today(), "long"),
            client=client.called,
            number=questionnaire.number,
        ),
        "score_words": gettext("%(points)s points of %(most)s", points=facts["score"], most=facts["most"]),
        "heads": {
            "result": gettext("Result"),
            "limits": gettext("What limits the result"),
            "limit": gettext("at most"),
            "contradictions": gettext("Answers to talk about"),
            "sections": gettext("By part"),
            "answers": gettext("What was answered"),
        },
        "footer": gettext("Electronic signatures: each brings its evidence into this file."),
    }


def offer(session: Session, row: ClientAnswers, result: Result) -> ClientPaper:
    """The document of answers that have just been kept, to be signed; earlier ones that wait are replaced by it."""
    paper = ClientPaper(
        client_id=row.client_id, answers_id=row.id, kind=result.kind, name=result.name, language=result.language, key=result.kept.key, digest=result.kept.digest
    )
    with verb(session, {ClientPaper: None}):
        waiting = select(ClientPaper).where(ClientPaper.client_id == row.client_id, ClientPaper.kind == result.kind, ClientPaper.status == ClientPaperState.TO_SIGN)
        for earlier in session.scalars(waiting):
            earlier.status = ClientPaperState.REPLACED
        session.add(paper)
    return paper


# --- signing --------------------------------------------------------------------------------------


def consent(paper: ClientPaper) -> str:
    """What the signer ticks, in the document's own language: the proof keeps these words."""
    with force_locale(locale_of(paper.language)):
        if paper.answers_id is None:
            return gettext("I have received and read this document, and I sign it.")
        return gettext("I have read this document, my answers are given truthfully, and I sign it.")


def about(paper_id: int) -> str:
    return f"client paper {paper_id}"


def to_sign(session: Session, paper_id: int, client_id: int) -> ClientPaper:
    """The document, if it is this client's and waits to be signed; else RuleBroken."""
    paper = session.scalar(select(ClientPaper).where(ClientPaper.id == paper_id, ClientPaper.client_id == client_id).with_for_update())
    if paper is None or paper.status is not ClientPaperState.TO_SIGN:
        raise RuleBroken(NOTHING_TO_SIGN)
    return paper


def send_code(paper_id: int, client_id: int, recipient: Recipient) -> None:
    """Mails a fresh code to whoever is about to sign; earlier ones die."""
    with crossing(reading=False) as session:
        paper = to_sign(session, paper_id, client_id)
        client = session.get_one(Client, client_id)
        client_mails.refuse_while_off(client)
        throttle.admit(session, [throttle.Brake(digest_of(about(paper_id)), FREE_CODES, timedelta(minutes=15))])
        session.execute(update(ClientCode).where(ClientCode.paper_id == paper_id, ClientCode.used_at.is_(None)).values(used_at=now()))
        code = codes.fresh()
        expires = now() + current_app.config["CODE_LIFETIME"]
        session.add(ClientCode(paper_id=paper_id, digest=codes.digest_of(about(paper_id), code), sent_to=recipient.email, expires_at=expires))
        client_mails.post(session, client, "client_code", recipient.email, code=code, title=paper.name)
        session.commit()


def code_is_out(paper_id: int, email: str | None = None) -> bool:
    """Whether a code has been mailed (to this very address, where one is given) that can still be typed."""
    sent = select(ClientCode.id).where(ClientCode.paper_id == paper_id, ClientCode.used_at.is_(None), ClientCode.expires_at > now(), ClientCode.tries < codes.TRIES)
    with crossing() as session:
        return session.scalar((sent if email is None else sent.where(ClientCode.sent_to == email)).limit(1)) is not None


def use_code(paper_id: int, client_id: int, code: str, email: str | None = None) -> ClientCode:
    """Burns the code that was sent last (to this very address, where one is given) and returns it, for the proof; raises RuleBroken. A wrong try counts even though the request
    then fails."""
    with crossing(reading=False) as session:
        to_sign(session, paper_id, client_id)
        wanted = select(ClientCode).where(ClientCode.paper_id == paper_id, ClientCode.used_at.is_(None)).order_by(ClientCode.id.desc())
        wanted = wanted if email is None else wanted.where(ClientCode.sent_to == email)
        sent = session.scalar(wanted.limit(1).with_for_update())
        if sent is None:
            raise RuleBroken(_("Please ask for a code first: none is on its way."), "code")
        right = codes.try_code(sent, about(paper_id), code)
        session.commit()
        if not right:
            raise RuleBroken(codes.NOT_THE_CODE, "code")
        return sent


def signer_of(client: Client, signatories: list[Any], email: str) -> Recipient:
    """The person of a client whose address a code went to."""
    known = client_mails.recipients(client, signatories)
    return next((each for each in known if each.email.lower() == email.lower()), Recipient(client.called, email))


def seal(paper_id: int, client_id: int, sent: ClientCode, address: str) -> Sealed:
    """The PDF with the client's signature and the evidence of it. No transaction is open meanwhile; raises RuleBroken."""
    with crossing() as session:
        paper = session.get(ClientPaper, paper_id)
        client = session.get_one(Client, client_id)
        if not is_theirs(session, client, sent.sent_to):  # the address has been removed since the code was sent to it
            raise RuleBroken(codes.NO_LONGER_VALID, "code")
        signer = signer_of(client, client_mails.signatories_of(session, client_id), sent.sent_to)
        if paper is None or paper.client_id != client_id or paper.status is not ClientPaperState.TO_SIGN:
            raise RuleBroken(NOTHING_TO_SIGN)
    return seal_of(paper, client, signer, sent, address)


def seal_of(paper: ClientPaper, client: Client, signer: Recipient, sent: ClientCode, address: str) -> Sealed:
    at = now()
    facts = {
        "paper": paper.id,
        "title": paper.name,
        "document_sha256": paper.digest,
        "client": client.full_name,
        "signed_by": signer.name,
        "email": signer.email,
        "address": address,
        "offered_at": paper.created_at.isoformat(),
        "code_sent_at": sent.created_at.isoformat(),
        "at": at.isoformat(),
        "consent": consent(paper),
        "code_digest": sent.digest,
        "level": signature.provider().level,
    }
    proof = signature.provider().seal(facts)
    with force_locale(locale_of(paper.language)):
        lines = [gettext("Signed electronically by %(name)s", name=signer.name), format_datetime(at, "long"), gettext("Code sent to %(email)s", email=signer.email)]
        reason = gettext("Signed by %(name)s", name=signer.name)
    try:
        stamp = documents.render("stamp", {"title": reason, "language": paper.language, "lines": lines})
        evidence = json.dumps(proof, ensure_ascii=False, indent=2).encode()
        content = signature.provider().sign(b"".join(files.read(paper.key)), signature.CLIENT, reason, stamp, evidence)
    except (documents.NotRendered, signature.NotSigned, files.FileMissing, files.StoreGone) as fault:
        current_app.logger.error("client paper %s could not be sealed: %s", paper.id, fault)
        raise RuleBroken(NOT_SEALED) from fault
    return Sealed(files.put(f"{paper.id}.pdf", "application/pdf", content), at, signer.name, proof)


def sign(paper_id: int, client_id: int, code: str, address: str, email: str | None = None) -> None:
    """From the code that was typed to the signed file; raises RuleBroken. Each step in a transaction of its own: a code once used is
    used, and a file that came too late is thrown away."""
    sent = use_code(paper_id, client_id, code, email)
    signed = seal(paper_id, client_id, sent, address)
    try:
        with crossing(reading=False) as session:
            paper = to_sign(session, paper_id, client_id)
            session.info["actor"] = signed.by
            paper.status, paper.signed_at, paper.signed_by = ClientPaperState.SIGNED, signed.at, signed.by
            paper.signed_key, paper.proof = signed.kept.key, signed.proof
            session.commit()
    finally:
        with crossing() as session:
            named = session.scalar(select(ClientPaper.signed_key).where(ClientPaper.id == paper_id))
        if named != signed.kept.key:
            files.remove(signed.kept.key)


def of_answers(session: Session, answers_id: int) -> ClientPaper | None:
    return session.scalar(select(ClientPaper).where(ClientPaper.answers_id == answers_id))


IN_ORDER = (ClientPaperKind.ENTRY, ClientPaperKind.QCF, ClientPaperKind.QPR, ClientPaperKind.MISSION, ClientPaperKind.SUITABILITY)


def shown_to_client(session: Session) -> list[ClientPaper]:
    """A client's documents as its own space shows them, the latest first; whoever asks sees its own only."""
    return list(session.scalars(select(ClientPaper).options(joinedload(ClientPaper.answers)).order_by(ClientPaper.id.desc()).limit(50)))


def has_reached(paper: ClientPaper) -> bool:
    """Whether a document is the client's to open: it was sent to it, comes of its own answers, or bears its signature."""
    own = paper.answers is not None and paper.answers.how is AnsweredHow.LINK
    return own or paper.sent_at is not None or paper.status is ClientPaperState.SIGNED


def offered(papers: list[ClientPaper]) -> list[ClientPaper]:
    """Those that wait for the client's signature, in the order in which they are due: what was sent to it, and the results of what it
    answered by itself. What its adviser is still working on is not among them."""
    waits = [paper for paper in papers if paper.status is ClientPaperState.TO_SIGN and has_reached(paper)]
    return sorted(waits, key=lambda paper: (IN_ORDER.index(paper.kind), paper.id))


def waiting_of(session: Session, client_id: int) -> list[ClientPaper]:
    waits = ClientPaper.client_id == client_id, ClientPaper.status == ClientPaperState.TO_SIGN
    return list(session.scalars(select(ClientPaper).options(joinedload(ClientPaper.answers)).where(*waits).order_by(ClientPaper.id)))

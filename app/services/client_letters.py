"""The letters of the regulatory file: entry document, mission letter, suitability report. Their frame is the program's, in the client's
language; what is particular to the client is typed by its adviser, or taken from its answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask_babel import force_locale, format_date, gettext, lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.models import (
    OF_CLIENTS,
    Client,
    ClientPaper,
    ClientPaperKind,
    ClientPaperState,
    Contract,
    Partner,
    QuestionnaireKind,
    now,
)
from app.models.scope import verb
from app.services import client_links, client_mails, client_papers, contracts, files, knowledge, once
from app.services.crossings import crossing
from app.services.entry_document import entry_parts, part
from app.services.files import Kept
from app.services.questionnaires import answers, reading
from app.services.questionnaires.definition import read
from app.services.refusals import RuleBroken, refuse_all
from app.services.regulatory import TITLES
from app.services.wordings import locale_of

LONGEST = 5_000
Parts = list[dict[str, Any]]


@dataclass(frozen=True)
class Asked:
    """What an adviser types for a letter."""

    name: str
    label: Any
    help: Any


FIELDS: dict[ClientPaperKind, tuple[Asked, ...]] = {
    ClientPaperKind.ENTRY: (),
    ClientPaperKind.MISSION: (
        Asked("mission", _("The mission"), _("The client’s situation and objectives, and what you undertake to do.")),
        Asked("fees", _("How it is paid"), _("Fees, commissions, or both, with amounts or the way they are worked out.")),
    ),
    ClientPaperKind.SUITABILITY: (
        Asked("advice", _("What you recommend"), _("The product, the amount, how it is divided.")),
        Asked("reasons", _("Why it suits"), _("How it fits the objectives, the knowledge, the risk profile and the preferences above.")),
        Asked("risks", _("Risks and costs"), _("What can go wrong, what it costs, what the client was told of it.")),
    ),
}


@dataclass(frozen=True)
class Letter:
    """A letter written and kept as a file that no row names yet."""

    kind: ClientPaperKind
    title: str
    language: str
    parts: Parts
    kept: Kept
    contract_id: int | None


def checked(kind: ClientPaperKind, typed: dict[str, str]) -> dict[str, str]:
    """What was typed, as it is kept; raises RuleBroken with a sentence for each field that is empty or too long."""
    found, wrong = {}, {}
    for asked in FIELDS[kind]:
        text = typed.get(asked.name, "").replace("\r\n", "\n").strip()
        if not text:
            wrong[asked.name] = _("Please fill in this field.")
        elif len(text) > LONGEST:
            wrong[asked.name] = _("At most %(limit)s characters; you typed %(typed)s.", limit=LONGEST, typed=len(text))
        found[asked.name] = text
    refuse_all(wrong)
    return found


@contextmanager
def prepared(client_id: int, kind: ClientPaperKind, typed: dict[str, str], contract_id: int | None) -> Iterator[Letter]:
    """Writes the PDF while no transaction is open. If no row has come of it in the end, the file goes. Raises RuleBroken."""
    said = checked(kind, typed)
    with crossing() as session:
        client = session.get_one(Client, client_id)
        partner = session.get_one(Partner, client.partner_id)
        if contract_id is not None and session.scalar(select(Contract.id).where(Contract.id == contract_id, contracts.whose(client))) is None:
            raise RuleBroken(_("This choice is not available. Please choose from the list."), "contract_id")
        parts = parts_of(session, kind, client, partner, said, contract_id)
    with force_locale(locale_of(client.language)):
        title = str(TITLES[kind.value])
    letter = Letter(kind, title, client.language, parts, client_papers.keep_letter(client, partner, title, parts), contract_id)
    try:
        yield letter
    finally:
        with crossing() as session:
            named = session.scalar(select(ClientPaper.id).where(ClientPaper.key == letter.kept.key))
        if named is None:
            files.remove(letter.kept.key)


def offer(session: Session, client: Client, letter: Letter) -> ClientPaper:
    """The letter, to be signed; an earlier one of its kind (and contract) that waits is replaced."""
    paper = ClientPaper(
        client_id=client.id,
        contract_id=letter.contract_id,
        kind=letter.kind,
        name=letter.title,
        language=letter.language,
        body=letter.parts,
        key=letter.kept.key,
        digest=letter.kept.digest,
    )
    with verb(session, {ClientPaper: None}):
        waits = ClientPaper.client_id == client.id, ClientPaper.kind == letter.kind, ClientPaper.status == ClientPaperState.TO_SIGN
        for earlier in session.scalars(select(ClientPaper).where(*waits)):
            if earlier.contract_id == letter.contract_id:
                earlier.status = ClientPaperState.REPLACED
        session.add(paper)
    return paper


def send(paper_id: int, email: str, by: str, by_id: int, token: str | None) -> bool:
    """Mails one of the client's people a link to its space, where the document waits; returns whether it leaves. Raises RuleBroken and
    AlreadyDone. The caller has found the document under its own scope."""
    with crossing(reading=False) as session:
        session.info.update(actor=by, actor_id=by_id)
        once.claim(token, by_id, session=session)
        paper = session.get_one(ClientPaper, paper_id)
        if paper.status is not ClientPaperState.TO_SIGN:
            raise RuleBroken(client_papers.NOTHING_TO_SIGN)
        client = session.get_one(Client, paper.client_id)
        if email not in [each.email for each in client_mails.recipients(client, client_mails.signatories_of(session, client.id))]:
            raise RuleBroken(_("Please choose one of this client’s e-mail addresses."), "email")
        link, row = client_links.new(session, client, email)
        row.message_id = client_mails.post(session, client, "client_paper", email, link=link, title=paper.name).message_id
        paper.sent_at = now()
        session.commit()
        return client.notifications


# --- words ----------------------------------------------------------------------------------------


def lines(text: str) -> list[str]:
    """What was typed, paragraph by paragraph."""
    return [" ".join(each.split()) for each in text.split("\n") if each.strip()]


def asked_part(title: str, name: str, typed: dict[str, str]) -> dict[str, Any]:
    """A part that the adviser has typed: it says which field it was, so that a letter can be drawn up again from the one before."""
    return part(title, *lines(typed[name])) | {"asked": name}


def typed_before(session: Session, client_id: int, kind: ClientPaperKind, contract_id: int | None) -> dict[str, str]:
    """What was typed for the letter that this one is going to replace: of its kind, about the same contract, still unsigned."""
    about = ClientPaper.contract_id == contract_id if contract_id is not None else ClientPaper.contract_id.is_(None)
    waits = ClientPaper.client_id == client_id, ClientPaper.kind == kind, ClientPaper.status == ClientPaperState.TO_SIGN, about
    paper = session.scalar(select(ClientPaper).where(*waits).order_by(ClientPaper.id.desc()).limit(1))
    return {each["asked"]: "\n".join(each["paragraphs"]) for each in (paper.body if paper is not None else []) if "asked" in each}


def parts_of(session: Session, kind: ClientPaperKind, client: Client, partner: Partner, typed: dict[str, str], contract_id: int | None) -> Parts:
    with force_locale(locale_of(client.language)):
        if kind is ClientPaperKind.ENTRY:
            return entry_parts(session, partner)
        if kind is ClientPaperKind.MISSION:
            return mission_parts(client, partner, typed)
        return suitability_parts(session, client, typed, contract_id)


def mission_parts(client: Client, partner: Partner, typed: dict[str, str]) -> Parts:
    return [
        part(gettext("Between"), {"items": [client.called, str(partner)]}),
        asked_part(gettext("The mission"), "mission", typed),
        part(
            gettext("What it rests on"),
            gettext("The mission rests on what the client has told, and on its answers to the questionnaires. The client tells of every change."),
        ),
        asked_part(gettext("Remuneration"), "fees", typed),
        part(gettext("Term"), gettext("The mission begins with the client’s signature. Either party can end it at any time, in writing.")),
    ]


def suitability_parts(session: Session, client: Client, typed: dict[str, str], contract_id: int | None) -> Parts:
    held = select(Contract).options(joinedload(Contract.supplier), joinedload(Contract.product)).where(Contract.id == contract_id)
    contract = session.scalar(held) if contract_id is not None else None
    about = ""
    if contract is not None:
        named = {"number": contract.number, "supplier": str(contract.supplier)}
        about = gettext("This report is about the contract %(number)s (%(supplier)s).", **named)
        if contract.product is not None:
            about = gettext("This report is about the contract %(number)s, %(product)s (%(supplier)s).", product=str(contract.product), **named)
    return [
        part(gettext("The client"), client.called, about),
        part(gettext("What we know of the client"), {"items": profile_lines(session, client)}),
        asked_part(gettext("What we recommend"), "advice", typed),
        asked_part(gettext("Why it suits"), "reasons", typed),
        asked_part(gettext("Risks and costs"), "risks", typed),
        part(gettext("Renewal"), gettext("We will look at whether it still suits at the latest four years from today, two if the recommendation is personalised.")),
    ]


def profile_lines(session: Session, client: Client) -> list[str]:
    """The classes of the latest questionnaires, the preferences, and the answers that contradict each other."""
    found, latest = [], knowledge.latest(session, client.id)
    for kind in OF_CLIENTS:
        row = latest.get(kind)
        level = reading.class_of(row) if row is not None else None
        if row is None or level is None:
            found.append(gettext("%(questionnaire)s: not answered", questionnaire=str(kind.label)))
            continue
        found.append(gettext("%(questionnaire)s: %(level)s, on %(day)s", questionnaire=str(kind.label), level=level["words"], day=format_date(row.created_at, "medium")))
        definition = read(row.questionnaire.content)
        told = reading.outcome_words(definition, answers.outcome(definition, row.values), row.values)
        found += [gettext("To be talked about: %(what)s", what=each) for each in told["contradictions"]]
        if kind is QuestionnaireKind.QPR and (question := definition.question("sustainable")) and "sustainable" in row.values:
            found.append(gettext("Sustainability preferences: %(answer)s", answer=str(reading.answer_words(question, row.values["sustainable"]))))
    return found

"""The regulatory file of a client: what has to be there before advice is given, in order, with its state and its day; and the clock that
says when advice on a life-insurance contract is to be renewed.

Rules: DOMAIN 4; code des assurances L521-2 and R521-1 (entry document), L522-5 (knowledge, suitability and its renewal, since 24 October
2024), delegated regulation 2017/565 art. 54 to 56.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from flask_babel import LazyString, lazy_gettext as _
from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.extensions import db
from app.models import (
    Advice,
    AdviceKind,
    Choice,
    Client,
    ClientAnswers,
    ClientKind,
    ClientPaper,
    ClientPaperKind,
    ClientPaperState,
    ClientStatus,
    Contract,
    ContractStatus,
    Knowledge,
    Partner,
    Product,
    ProductKind,
    QuestionnaireKind,
    today,
)
from app.models.base import HOUSE_ZONE
from app.models.terms import months_after
from app.services import contracts, knowledge
from app.services.refusals import RuleBroken

YEARLY = 12  # months an entry document is good for
SINCE = date(2024, 10, 24)  # advice is to be renewed since then: a period of an older contract begins on that day
EVERY, EVERY_PERSONAL = 48, 24  # months
SOON = 2  # months before its day a renewal is worth planning
RUNNING = (ContractStatus.ACTIVE, ContractStatus.SUSPENDED)


class StepState(Choice):
    MISSING = "missing", _("To be done"), "bad"
    TO_SIGN = "to_sign", _("To sign"), "warn"
    LATE = "late", _("To be renewed"), "warn"
    DONE = "done", _("In order"), "good"


@dataclass(frozen=True)
class Step:
    """One line of the checklist: what it is, how it stands, since and until when, where it is done, and what is missing in words."""

    key: str
    title: LazyString
    state: StepState
    on: date | None = None
    until: date | None = None
    place: str = ""
    paper: ClientPaper | None = None
    lacking: tuple[LazyString | str, ...] = ()


@dataclass(frozen=True)
class Clock:
    """When advice on a contract was last given, and when it is to be renewed."""

    contract: Contract
    last: Advice | None
    due_on: date

    @property
    def state(self) -> StepState:
        return StepState.LATE if self.due_on <= today() else StepState.DONE

    @property
    def is_soon(self) -> bool:
        return today() < self.due_on <= months_after(today(), SOON)


def day_of(moment: Any) -> date:
    return moment.astimezone(HOUSE_ZONE).date()


# --- the checklist --------------------------------------------------------------------------------

TITLES: dict[str, LazyString] = {
    "entry": _("Entry document (DER)"),
    "knowledge": _("Knowledge of the client"),
    "qcf": _("Financial knowledge (QCF)"),
    "qpr": _("Risk profile (QPR)"),
    "esg": _("Sustainability preferences"),
    "mission": _("Mission letter"),
    "suitability": _("Suitability report"),
}
NEEDED_OF = {
    ClientKind.PERSON: ("birth_date", "birth_place", "nationality", "street", "postcode", "city", "tax_country", "family_status", "occupation"),
    ClientKind.COUPLE: ("street", "postcode", "city"),
    ClientKind.COMPANY: ("siren", "legal_form", "street", "postcode", "city", "tax_country"),
    ClientKind.ASSOCIATION: ("street", "postcode", "city", "tax_country"),
}


def checklist(session: Session, client: Client) -> list[Step]:
    """The steps in the order in which the law wants them."""
    newest = newest_papers(session, client.id)
    answered = knowledge.latest(session, client.id)
    asked = (
        []
        if client.kind is ClientKind.COUPLE
        else [  # each of its persons answers in its own file
            questionnaire("qcf", answered.get(QuestionnaireKind.QCF), newest.get(ClientPaperKind.QCF)),
            questionnaire("qpr", answered.get(QuestionnaireKind.QPR), newest.get(ClientPaperKind.QPR)),
            sustainability(answered.get(QuestionnaireKind.QPR)),
        ]
    )
    return [
        letter("entry", newest.get(ClientPaperKind.ENTRY), months=YEARLY),
        known(client),
        *asked,
        letter("mission", newest.get(ClientPaperKind.MISSION)),
        letter("suitability", newest.get(ClientPaperKind.SUITABILITY)),
    ]


def newest_papers(session: Session, client_id: int) -> dict[ClientPaperKind, ClientPaper]:
    """Of each kind the document that counts: one that waits to be signed, else the newest."""
    wanted = select(ClientPaper).where(ClientPaper.client_id == client_id, ClientPaper.status != ClientPaperState.REPLACED)
    found: dict[ClientPaperKind, ClientPaper] = {}
    for paper in session.scalars(wanted.order_by(ClientPaper.status != ClientPaperState.SIGNED, ClientPaper.id)):
        found[paper.kind] = paper  # signed ones come first, in their order; then those that wait
    return found


def letter(key: str, paper: ClientPaper | None, months: int = 0) -> Step:
    if paper is None:
        return Step(key, TITLES[key], StepState.MISSING, place=key)
    if paper.signed_at is None:
        return Step(key, TITLES[key], StepState.TO_SIGN, day_of(paper.created_at), paper=paper, place=key)
    signed = day_of(paper.signed_at)
    until = months_after(signed, months) if months else None
    return Step(key, TITLES[key], StepState.LATE if until is not None and until <= today() else StepState.DONE, signed, until, key, paper)


def known(client: Client) -> Step:
    columns = Client.__table__.c
    lacking = tuple(columns[name].info["label"] for name in NEEDED_OF[client.kind] if getattr(client, name) in (None, ""))
    state = StepState.MISSING if lacking else StepState.DONE
    return Step("knowledge", TITLES["knowledge"], state, None if lacking else day_of(client.updated_at), place="knowledge", lacking=lacking)


def questionnaire(key: str, row: ClientAnswers | None, paper: ClientPaper | None) -> Step:
    if row is None:
        return Step(key, TITLES[key], StepState.MISSING, place=key)
    on = day_of(row.created_at)
    if row.is_due:
        return Step(key, TITLES[key], StepState.LATE, on, row.review_on, key, paper)
    if paper is not None and paper.answers_id == row.id and paper.signed_at is None:
        return Step(key, TITLES[key], StepState.TO_SIGN, on, row.review_on, key, paper)
    return Step(key, TITLES[key], StepState.DONE, on, row.review_on, key, paper)


def sustainability(row: ClientAnswers | None) -> Step:
    """Asked within the risk profile; any answer is one, "no preference" included."""
    if row is None or "sustainable" not in row.values:
        return Step("esg", TITLES["esg"], StepState.MISSING, place="qpr")
    return Step("esg", TITLES["esg"], StepState.LATE if row.is_due else StepState.DONE, day_of(row.created_at), row.review_on, "qpr")


def next_step(steps: list[Step]) -> Step | None:
    """The first that is not in order."""
    return next((step for step in steps if step.state is not StepState.DONE), None)


# --- the clock ------------------------------------------------------------------------------------


def is_life_insurance() -> ColumnElement[bool]:
    return and_(Product.kind.in_((ProductKind.LIFE_INSURANCE, ProductKind.CAPITALISATION)), Contract.status.in_(RUNNING))


def clocks(session: Session, client: Client) -> list[Clock]:
    """A client's life-insurance contracts, the one whose advice is due first before the others."""
    held = select(Contract).options(joinedload(Contract.supplier), joinedload(Contract.product)).join(Product, Product.id == Contract.product_id)
    contracts = list(session.scalars(held.where(Contract.client_id == client.id, is_life_insurance())))
    given = select(Advice).where(Advice.contract_id.in_([contract.id for contract in contracts])).order_by(Advice.given_on, Advice.id)
    last = {advice.contract_id: advice for advice in session.scalars(given)}
    return sorted((Clock(contract, last.get(contract.id), due_day(contract, last.get(contract.id))) for contract in contracts), key=lambda clock: clock.due_on)


def due_day(contract: Contract, last: Advice | None) -> date:
    """Four years after the last advice, two after a personalised one; a refusal or no answer begins a new period like advice does."""
    if last is not None:
        return months_after(last.given_on, EVERY_PERSONAL if last.kind is AdviceKind.PERSONAL else EVERY)
    return months_after(max(contract.effective_on or SINCE, SINCE), EVERY)


def saving_advice(advice: Advice) -> None:
    """Advice is noted on the day it was given or later, for a contract of this very client."""
    if advice.given_on is not None and advice.given_on > today():
        raise RuleBroken(_("This day is yet to come."), "given_on")
    with db.session.no_autoflush:
        contract = db.session.get(Contract, advice.contract_id) if advice.contract_id else None
        client = db.session.get(Client, advice.client_id) if advice.client_id else None
        known = (
            contract is not None and client is not None and db.session.scalar(select(Contract.id).where(Contract.id == contract.id, contracts.whose(client))) is not None
        )
    if contract is not None and not known:
        raise RuleBroken(_("This contract belongs to another client."), "contract_id")


# --- by partner -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lacking:
    """What of a partner's clients is missing or late, counted."""

    partner: Partner
    clients: int
    entry: int
    questionnaires: int
    due: int
    mission: int
    advice: int

    @property
    def in_all(self) -> int:
        return self.entry + self.questionnaires + self.due + self.mission + self.advice


def by_partner(session: Session) -> list[Lacking]:
    """Partners whose clients lack something, the most first. Prospects are not counted: nothing has been sold to them yet."""
    counted = and_(Client.status == ClientStatus.CLIENT, Client.kind != ClientKind.COUPLE)
    cells = (
        func.count(Client.id),
        amount(~signed_since(ClientPaperKind.ENTRY, months_after(today(), -YEARLY))),
        amount(Client.knowledge == Knowledge.MISSING),
        amount(Client.knowledge == Knowledge.DUE),
        amount(~signed_since(ClientPaperKind.MISSION, None)),
    )
    rows = {row[0]: row[1:] for row in session.execute(select(Client.partner_id, *cells).where(counted).group_by(Client.partner_id))}
    late = {row[0]: row[1] for row in session.execute(overdue())}
    partners = session.scalars(select(Partner).where(Partner.id.in_({*rows, *late})))
    found = [Lacking(partner, *(*rows.get(partner.id, (0, 0, 0, 0, 0)), late.get(partner.id, 0))) for partner in partners]
    return sorted((each for each in found if each.in_all), key=lambda each: (-each.in_all, str(each.partner)))


def amount(condition: ColumnElement[bool]) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def signed_since(kind: ClientPaperKind, day: date | None) -> ColumnElement[bool]:
    """Whether a client has signed a document of this kind, since a day."""
    wanted = and_(ClientPaper.client_id == Client.id, ClientPaper.kind == kind, ClientPaper.signed_at.is_not(None))
    return exists().where(wanted if day is None else and_(wanted, ClientPaper.signed_at > datetime.combine(day, time(23, 59, 59), HOUSE_ZONE)))


def overdue() -> Any:
    """By partner, the life-insurance contracts whose advice is to be renewed by now."""
    newest = select(func.max(Advice.given_on)).where(Advice.contract_id == Contract.id).correlate(Contract).scalar_subquery()
    last = and_(Advice.contract_id == Contract.id, Advice.given_on == newest)
    personal = and_(Advice.kind == AdviceKind.PERSONAL, Advice.given_on <= months_after(today(), -EVERY_PERSONAL))
    other = and_(Advice.kind != AdviceKind.PERSONAL, Advice.given_on <= months_after(today(), -EVERY))
    begun = func.coalesce(Contract.effective_on, SINCE)
    never = and_(Advice.id.is_(None), case((begun < SINCE, SINCE), else_=begun) <= months_after(today(), -EVERY))
    held = select(Contract.partner_id, func.count(Contract.id.distinct())).join(Product, Product.id == Contract.product_id).join(Advice, last, isouter=True)
    return held.where(is_life_insurance(), Contract.client_id.is_not(None), or_(personal, other, never)).group_by(Contract.partner_id)

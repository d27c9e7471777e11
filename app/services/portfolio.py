"""Moving clients from one partner or adviser to another, at a date, with their contracts and what is open about them."""

from __future__ import annotations

from datetime import time

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Client, Complaint, ComplaintStatus, Contract, Lane, Membership, MoveState, Partner, PartnerStatus, PortfolioMove, now, today
from app.services import client_mails, history, jobs, schedules, tasks
from app.services.client_mails import recipients, signatories_of
from app.services.crossings import crossing
from app.services.refusals import RuleBroken

AT_ONCE = 500


def saving(move: PortfolioMove, new: bool) -> None:
    """It leads somewhere else, to a partner that works, and advisers belong where they are named."""
    if not new and move.state is not MoveState.PLANNED:
        raise RuleBroken(_("Only a move that is planned can be changed."))
    if (move.from_partner_id, move.from_adviser_id) == (move.to_partner_id, move.to_adviser_id) or (
        move.from_partner_id == move.to_partner_id and move.to_adviser_id is None
    ):
        raise RuleBroken(_("Please choose another partner, or an adviser of this one."), "to_partner_id")
    if move.moves_on < today():
        raise RuleBroken(_("Please choose today or a day to come."), "moves_on")
    with db.session.no_autoflush:
        partner = db.session.get(Partner, move.to_partner_id)
        if partner is not None and partner.status is not PartnerStatus.ACTIVE:
            raise RuleBroken(_("This partner is “%(status)s”: clients go to one that is active.", status=partner.status.label), "to_partner_id")
        for field, partner_id in (("from_adviser_id", move.from_partner_id), ("to_adviser_id", move.to_partner_id)):
            adviser = getattr(move, field)
            member = select(Membership.id).where(Membership.user_id == adviser, Membership.partner_id == partner_id)
            if adviser is not None and db.session.scalar(member) is None:
                raise RuleBroken(_("This person does not work for that partner."), field)


def saved(move: PortfolioMove, new: bool) -> None:
    if move.moves_on <= today():
        jobs.enqueue("move_portfolios", {}, str(move.id))


def cancel(move: PortfolioMove) -> None:
    if move.state is not MoveState.PLANNED:
        raise RuleBroken(_("Only a move that is planned can be cancelled."))
    move.state = MoveState.CANCELLED


def those_of(move: PortfolioMove) -> ColumnElement[bool]:
    own = Client.partner_id == move.from_partner_id
    return own if move.from_adviser_id is None else own & (Client.adviser_id == move.from_adviser_id)


def concerned(session: Session, move: PortfolioMove) -> int:
    """How many clients a move would take along today."""
    return session.scalar(select(func.count(Client.id)).where(those_of(move))) or 0


def count(session: Session, partner_id: int) -> int:
    return session.scalar(select(func.count(Client.id)).where(Client.partner_id == partner_id)) or 0


def is_planned(session: Session, partner_id: int) -> bool:
    """Whether all clients of a partner are about to go somewhere."""
    wanted = PortfolioMove.from_partner_id == partner_id, PortfolioMove.from_adviser_id.is_(None), PortfolioMove.state == MoveState.PLANNED
    return session.scalar(select(PortfolioMove.id).where(*wanted).limit(1)) is not None


# --- in time --------------------------------------------------------------------------------------


@jobs.kind("move_portfolios", _("Move clients to other partners"), lane=Lane.LONG)
def move_portfolios(run: jobs.Run) -> None:
    """Moves whose day has come, each in one transaction: nobody's clients are split between two partners."""
    with crossing() as session:
        ids = list(
            session.scalars(select(PortfolioMove.id).where(PortfolioMove.state == MoveState.PLANNED, PortfolioMove.moves_on <= today()).order_by(PortfolioMove.id))
        )
    for move_id in ids:
        with crossing(reading=False) as session:
            move = session.scalar(select(PortfolioMove).where(PortfolioMove.id == move_id).with_for_update())
            if move is not None and move.state is MoveState.PLANNED:
                carry_out(session, move)
            session.commit()
        run.renew()


def carry_out(session: Session, move: PortfolioMove) -> None:
    session.info.update(actor=move.by or "system")
    ids = list(session.scalars(select(Client.id).where(those_of(move)).order_by(Client.id)))
    with history.bulk(session, "Client", {"partner_id": move.to_partner_id, "adviser_id": move.to_adviser_id, "clients": ids}):
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            values = {"partner_id": move.to_partner_id, "adviser_id": move.to_adviser_id}
            session.execute(update(Client).where(Client.id.in_(some)).values(**values, version=Client.version + 1))
            session.execute(update(Contract).where(Contract.client_id.in_(some)).values(partner_id=move.to_partner_id, version=Contract.version + 1))
            still = Complaint.client_id.in_(some), Complaint.status != ComplaintStatus.ANSWERED
            session.execute(update(Complaint).where(*still).values(partner_id=move.to_partner_id, version=Complaint.version + 1))
            tasks.move_open(session, some, move.from_partner_id, move.to_partner_id)
    session.expire_all()
    if move.letter:
        write(session, ids)
    move.state, move.moved, move.done_at = MoveState.DONE, len(ids), now()


def write(session: Session, ids: list[int]) -> None:
    """One letter to each client, from its new partner; held back while notifications are off."""
    for client in session.scalars(select(Client).where(Client.id.in_(ids)).order_by(Client.id)):
        known = recipients(client, signatories_of(session, client.id))
        if known:
            client_mails.post(session, client, "client_moved", known[0].email)


schedules.daily("move_portfolios", time(0, 20))

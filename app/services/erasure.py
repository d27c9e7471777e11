"""Deleting a client: what can go goes at once; what the law has the house keep is locked, out of every list, until its day, and then
goes by itself. Rules: DOMAIN 8 (CMF L561-12: five years after the relationship ends)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from flask_babel import LazyString, lazy_gettext as _
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from app.models import (
    Advice,
    Client,
    ClientAnswers,
    ClientFile,
    ClientFileVersion,
    ClientKind,
    ClientMerge,
    ClientPaper,
    ClientReference,
    ClientStatus,
    Complaint,
    Contract,
    ContractStatus,
    DataRequest,
    Deed,
    Draft,
    Folder,
    History,
    HistoryValues,
    Job,
    Lane,
    LockedBytes,
    LockedFile,
    Mail,
    QuestionnaireSent,
    ReferenceClaim,
    Reminder,
    Signatory,
    Task,
    fold,
    today,
)
from app.models.recorder import entry_of
from app.models.scope import leave
from app.models.terms import months_after
from app.services import dossier, history, jobs, merging, schedules
from app.services.crossings import crossing
from app.services.refusals import RuleBroken

RUNNING = (ContractStatus.REQUESTED, ContractStatus.ACTIVE, ContractStatus.SUSPENDED)
DUE_DILIGENCE = _("Customer due diligence and transactions: five years after the relationship ended (CMF L561-12).")
YEARS = 5
# Rows that hang on a client, in the order in which they can go; those that the database takes along are not named.
GOING = (ClientPaper, ClientAnswers, QuestionnaireSent, ClientFileVersion, ClientFile, Folder, DataRequest)
REMEMBERED = (ClientMerge, Signatory, ClientReference, ReferenceClaim, ClientPaper, ClientAnswers, ClientFile, Folder, DataRequest, Advice, Contract, Task)


@dataclass(frozen=True)
class Outlook:
    """What deleting a client would mean: why it cannot be, or what is kept of it and until when."""

    refusal: LazyString | str | None
    until: date | None

    @property
    def keeps(self) -> bool:
        return self.until is not None


def outlook(session: Session, client: Client) -> Outlook:
    running = session.scalar(select(Contract.id).where(Contract.client_id == client.id, Contract.status.in_(RUNNING)).limit(1))
    if running is not None:
        return Outlook(_("This client still holds contracts in force. They have to end, or go to another file, first."), None)
    couple = session.scalar(
        select(Client).where(Client.kind == ClientKind.COUPLE, or_(Client.first_person_id == client.id, Client.second_person_id == client.id)).limit(1)
    )
    if couple is not None:
        return Outlook(_("This person belongs to the couple “%(couple)s”: delete the couple first.", couple=couple.name), None)
    had_contracts = session.scalar(select(Contract.id).where(Contract.client_id == client.id).limit(1)) is not None
    was_client = client.status is not ClientStatus.PROSPECT or had_contracts or has_been_advised(session, client)
    return Outlook(None, months_after(today(), 12 * YEARS) if was_client else None)


def has_been_advised(session: Session, client: Client) -> bool:
    """Whether there is a relationship to prove: a signed document, advice that was noted, a complaint."""
    signed = select(ClientPaper.id).where(ClientPaper.client_id == client.id, ClientPaper.signed_at.is_not(None))
    noted = (select(entity.id).where(entity.client_id == client.id) for entity in (Advice, Complaint))  # type: ignore[attr-defined]
    return any(session.scalar(wanted.limit(1)) is not None for wanted in (signed, *noted))


def remove(client_id: int, version: int, typed: str, actor: str, actor_id: int) -> date | None:
    """Deletes a client whose name was typed; returns until when something of it is kept, if it is. On a session of the house's own: the
    caller has found the client under its own scope. Raises RuleBroken."""
    with crossing(reading=False) as session:
        session.info.update(actor=actor, actor_id=actor_id)
        client = session.scalar(select(Client).where(Client.id == client_id).with_for_update())
        if client is None:
            raise RuleBroken(_("This client is gone already."))
        if client.version != version:
            raise RuleBroken(_("Somebody has changed this client meanwhile. Please look at it again."))
        if fold(typed) != fold(client.full_name):
            raise RuleBroken(_("This is not the name of the client. Please type it as it stands above."), "name_again")
        found = outlook(session, client)
        if found.refusal is not None:
            raise RuleBroken(found.refusal)
        records = records_of(session, client)
        if found.until is not None:
            lock(session, client, found.until, actor, records)
        of_others = list(undone_here(session, client.id))
        take_out(session, client)
        if found.until is None or of_others:
            jobs.enqueue("forget_history", {"records": records if found.until is None else of_others}, session=session)
        session.commit()
    return found.until


def records_of(session: Session, client: Client) -> list[list[Any]]:
    """Every recorded row of a client, by kind and number (and why, if not all its entries are meant): its history is erased with it."""
    found: list[list[Any]] = [["Client", client.id]]
    for entity in REMEMBERED:
        found += [[entity.__name__, number] for number in session.scalars(select(entity.id).where(entity.client_id == client.id))]  # type: ignore[attr-defined]
    return [*found, *merged_records(session, client.id)]


def merged_records(session: Session, client_id: int) -> Iterator[list[Any]]:
    """What tells of a client elsewhere: the records that became part of it; and, where it was part of another one for a while, what that
    merge wrote in the history of others."""
    became = select(ClientMerge.source_id).where(ClientMerge.client_id == client_id, ClientMerge.undone_by.is_(None))
    yield from (["Client", number] for number in session.scalars(became))
    for merge in carried(session, client_id):
        reason = merging.reason_of(merge.id)
        written = select(History.record_id).where(History.entity == "Client", History.reason == reason, History.record_id.is_not(None)).distinct()
        yield from (["Client", number, reason] for number in session.scalars(written) if number != client_id)
        if merge.source_id == client_id:
            yield ["ClientMerge", merge.id]


def undone_here(session: Session, client_id: int) -> Iterator[list[Any]]:
    """What merges that were undone wrote of others in this client's history: that goes with it at once, whatever is kept of the client."""
    for number in session.scalars(select(ClientMerge.id).where(ClientMerge.client_id == client_id, ClientMerge.undone_by.is_not(None))):
        yield from (["Client", client_id, merging.reason_of(number)], ["ClientMerge", number])


def carried(session: Session, client_id: int) -> list[ClientMerge]:
    """The merges that brought a client's values elsewhere: its own, and those by which they went on while it was part of another."""
    found: dict[int, ClientMerge] = {}
    waiting = list(session.scalars(select(ClientMerge).where(ClientMerge.source_id == client_id)))
    while waiting:
        merge = waiting.pop()
        found[merge.id] = merge
        targets = select(History.record_id).where(History.entity == "Client", History.deed == Deed.BULK, History.reason == merging.reason_of(merge.id))
        while_it_stood = ClientMerge.id > merge.id, ClientMerge.created_at < merge.updated_at
        waiting += [each for each in session.scalars(select(ClientMerge).where(ClientMerge.source_id.in_(targets), *while_it_stood)) if each.id not in found]
    return list(found.values())


def lock(session: Session, client: Client, until: date, actor: str, records: list[list[Any]]) -> None:
    complaints = list(session.scalars(select(Complaint.id).where(Complaint.client_id == client.id)))
    content = dossier.gathered(session, client) | {"records": records, "complaint_ids": complaints}
    locked = LockedFile(
        partner_id=client.partner_id, name=client.full_name, purpose=DUE_DILIGENCE._args[0], until=until, deleted_by=actor, client_id=client.id, content=content
    )
    session.add(locked)
    session.flush()
    for paper in session.scalars(select(ClientPaper).where(ClientPaper.client_id == client.id)):
        session.add(LockedBytes(locked_id=locked.id, key=paper.newest_key, name=f"{paper.name}.pdf"))
    kept = select(ClientFileVersion.key, ClientFile.name, ClientFileVersion.number).join(ClientFile, ClientFile.id == ClientFileVersion.file_id)
    for key, name, number in session.execute(kept.where(ClientFile.client_id == client.id)):
        session.add(LockedBytes(locked_id=locked.id, key=key, name=f"{number} {name}"[:250]))
    session.flush()


def take_out(session: Session, client: Client) -> None:
    """The rows of a client leave the working tables; ended contracts, too, which would otherwise be orphans."""
    with history.bulk(session, "Client", {"deleted_with": client.id}):
        followed = select(Reminder.task_id).where(Reminder.task_id.is_not(None))  # by a complaint, which stays and names nobody in its tasks
        session.execute(delete(Task).where(Task.client_id == client.id, Task.partner_id == client.partner_id, Task.id.not_in(followed)))
        begun = (Draft.place.startswith(f"{frame}/clients/{client.id}{end}") for frame in ("", "/portal") for end in ("/", "#"))
        session.execute(delete(Draft).where(or_(*begun)))
        mailed = select(Mail.message_id).where(Mail.client_id == client.id)
        session.execute(update(Job).where(Job.key.in_(mailed)).values(subject=""))
        for entity in GOING:
            session.execute(delete(entity).where(entity.client_id == client.id))  # type: ignore[attr-defined]
        session.execute(delete(Contract).where(Contract.client_id == client.id))
        session.execute(update(ClientMerge).where(ClientMerge.source_id == client.id).values(source_name="", content=None))
        session.execute(update(Complaint).where(Complaint.client_id == client.id).values(client_id=None, client_name=client.full_name))
    session.expire_all()
    session.delete(client)
    session.flush()


@jobs.kind("forget_history", _("Erase what history held of deleted records"), lane=Lane.LONG, most_tries=50)
def forget_history(run: jobs.Run) -> None:
    """Erases what history held of some rows; its chain stays. A job of the transaction that took the rows out: it comes with it, or not
    at all, and a process that is killed in between loses nothing."""
    records = [tuple(each) for each in run.facts["records"]]
    with crossing() as session:
        records += gone_before(session, {number for entity, number, *reason in records if entity == "Client" and not reason})
    with crossing(reading=False) as session:
        for entity, number, *reason in dict.fromkeys(records):
            history.erase_values(session, entity, number, *reason)
        run.settle(session)
        session.commit()


def gone_before(session: Session, client_ids: set[int]) -> Iterator[tuple[str, int]]:
    """Rows that hung on deleted clients and went before they did, a signatory or a file: history alone still knows of them."""
    said = HistoryValues.changes["client_id"]
    hung = or_(said[0].as_integer().in_(client_ids), said[1].as_integer().in_(client_ids))
    for entity in REMEMBERED:
        told = select(History.record_id).join(HistoryValues, HistoryValues.history_id == History.id)
        told = told.where(History.entity == entity.__name__, History.deed.in_((Deed.ADDED, Deed.DELETED)), hung).distinct()
        found = {number for number in session.scalars(told) if number is not None}
        still_there = set(session.scalars(select(entity.id).where(entity.id.in_(found)))) if found else set()  # type: ignore[attr-defined]
        yield from ((entity.__name__, number) for number in sorted(found - still_there))


def note_look(locked_id: int, actor: str, actor_id: int) -> None:
    """Whoever opens what is locked is named in the history."""
    with crossing(reading=False) as session:
        session.info.update(actor=actor, actor_id=actor_id)
        leave(session, entry_of(session, Deed.SEEN, LockedFile.__name__, locked_id, {}))
        session.commit()


# --- in time --------------------------------------------------------------------------------------


@jobs.kind("open_locks", _("Let go of what the law no longer asks to keep"), lane=Lane.LONG)
def open_locks(run: jobs.Run) -> None:
    """Locked files whose day has come go for good, with their bytes and what history held of them."""
    with crossing() as session:
        ids = list(session.scalars(select(LockedFile.id).where(LockedFile.until <= today()).order_by(LockedFile.id)))
    for locked_id in ids:
        with crossing(reading=False) as session:
            locked = session.get(LockedFile, locked_id)
            if locked is None:
                continue
            records = [*locked.content.get("records", []), [LockedFile.__name__, locked.id]]
            for complaint in session.scalars(select(Complaint).where(Complaint.id.in_(locked.content.get("complaint_ids", [])))):
                complaint.client_name = None
            session.delete(locked)
            jobs.enqueue("forget_history", {"records": records}, session=session)
            session.commit()
        run.renew()


schedules.daily("open_locks", time(3, 50))

"""Making two records of one again, as far as nobody has gone on since; and letting go of what that needs when its day is over."""

from __future__ import annotations

from contextlib import suppress
from datetime import time
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import Client, ClientFile, ClientMerge, Deed, Folder, Lane, Mail, MailStatus, Membership, ReferenceClaim, Supplier, today
from app.models.base import Model
from app.models.recorder import entry_of
from app.models.scope import leave
from app.services import drive, history, jobs, schedules
from app.services.crossings import crossing
from app.services.merging.comparing import group_of
from app.services.merging.joining import of_client
from app.services.merging.moving import Change, keep_together, names_at_the_top, one_of_each, point, put, reason_of, search_again, settle
from app.services.refusals import RuleBroken
from app.services.stored_rows import bring_back, kept, revived, values_of


def undo(merge_id: int, target_id: int, actor: str, actor_id: int) -> int:
    """Makes two records of one again and returns the number of the one that comes back. What was added since stays with what it hangs
    on, what was moved elsewhere stays there, and a completed field that has been changed keeps what it says now. Raises RuleBroken."""
    with crossing(reading=False) as session:
        reason = reason_of(merge_id)
        session.info.update(actor=actor, actor_id=actor_id, reason=reason)
        target = session.scalar(select(Client).where(Client.id == target_id).with_for_update())
        row = session.scalar(select(ClientMerge).where(ClientMerge.id == merge_id, ClientMerge.client_id == target_id).with_for_update())
        if target is None or row is None or not row.can_be_undone or row.content is None:
            raise RuleBroken(_("This merge cannot be undone any more."))
        if any(other.id > row.id and other.can_be_undone for other in of_client(session, target_id)):
            raise RuleBroken(_("Another record has been merged into this one since: undo that first."))
        content = row.content
        source = revive(session, target, content["source"])
        give_back(target, content["taken"])
        session.flush()
        with history.bulk(session, "Client", {"restored": source.id, "from": target.id}, reason):
            move_back(session, content["moved"], target.id, source.id)
            keep_together(session, target.id, source.id)
            untangle(session, (target.id, source.id))
            undo_changes(session, content["changed"], (target.id, source.id))
            for client in (target, source):
                one_of_each(session, [client.id])
                search_again(session, client)
            bring_back(session, still_claimed(session, content["dropped"], row.source_id, source.id))
        session.expire_all()
        row.undone_by, row.content = actor, None
        if content.get("notifications") and not target.notifications:
            source.notifications = False  # who has been told since that nothing shall be written has said so of both
        for client in (target, source):
            settle(session, client)
            stay_silent(session, client)
        leave(session, entry_of(session, Deed.BULK, "Client", target_id, {"given_back": [None, f"{source.name} ({source.id})"]}, reason))
        session.commit()
        return source.id


def revive(session: Session, target: Client, row: dict[str, Any]) -> Client:
    """The source as it was, with the partner that the target has by now; under its old number unless another has it, and without those
    who have left."""
    values = values_of(Client.__table__, row)  # type: ignore[arg-type]
    if target.partner_id != values["partner_id"]:
        values |= {"partner_id": target.partner_id, "adviser_id": target.adviser_id}
    works_there = select(Membership.id).where(Membership.user_id == values["adviser_id"], Membership.partner_id == values["partner_id"])
    if values["adviser_id"] is not None and session.scalar(works_there) is None:
        values["adviser_id"] = None
    if session.get(Client, values["id"]) is not None:
        del values["id"]
    for person in ("first_person_id", "second_person_id"):
        found = session.get(Client, values[person]) if values[person] is not None else None
        if found is None or found.partner_id != values["partner_id"]:
            values[person] = None
    source = Client(**{name: value for name, value in values.items() if name != "version"})
    session.add(source)
    session.flush()
    return source


def give_back(target: Client, taken: dict[str, list[Any]]) -> None:
    """What the target was given goes, where nobody has changed it; an address only as a whole."""
    columns = Client.__table__.c
    custom = dict(target.custom or {})
    as_given = {name: (kept(getattr(target, name)) if name in columns else custom.get(name)) == given for name, (_before, given) in taken.items()}
    for name, (before, _given) in taken.items():
        if not all(as_given.get(each, True) for each in group_of(name)):
            continue
        if name in columns:
            setattr(target, name, revived(columns[name], before))
        elif before is None:
            custom.pop(name, None)
        else:
            custom[name] = before
    if custom != (target.custom or {}):
        target.custom = custom


def move_back(session: Session, moved: dict[str, list[int]], target_id: int, source_id: int) -> None:
    for place, ids in moved.items():
        table, column = place.split(".")
        found = Model.metadata.tables[table]
        point(session, found, found.c[column], ids, target_id, source_id)


def untangle(session: Session, both: tuple[int, int]) -> None:
    """A file or folder that was put into a folder of the other record since comes to the top of its own."""
    folders = {row.id: row for row in session.execute(select(Folder.id, Folder.client_id, Folder.parent_id, Folder.name).where(Folder.client_id.in_(both))).all()}
    for row in folders.values():
        if row.parent_id is not None and folders[row.parent_id].client_id != row.client_id:
            put(session, "folder", row.id, named_at_the_top(session, Folder, row) | {"parent_id": None})
    inside = select(ClientFile.id, ClientFile.client_id, ClientFile.folder_id, ClientFile.name).where(ClientFile.client_id.in_(both), ClientFile.folder_id.is_not(None))
    for file in session.execute(inside).all():
        if folders[file.folder_id].client_id != file.client_id:
            put(session, "client_file", file.id, named_at_the_top(session, ClientFile, file) | {"folder_id": None})


def named_at_the_top(session: Session, entity: type[Folder] | type[ClientFile], row: Any) -> dict[str, str]:
    name = drive.free_name(entity, row.name, names_at_the_top(session, entity, row.client_id))
    return {"name": name, "name_key": drive.key_of(entity, name)}


def undo_changes(session: Session, changed: list[Change], both: tuple[int, int]) -> None:
    """Titles, names and what waited, where nobody has changed them since and nothing has taken their place."""
    for name, number, before, after in changed:
        table = Model.metadata.tables[name]
        as_left = [table.c[column] == value for column, value in values_of(table, after).items()]
        if session.scalar(select(table.c.id).where(table.c.id == number, table.c.client_id.in_(both), *as_left)) is None:
            continue
        with suppress(IntegrityError), session.begin_nested():
            put(session, name, number, before)


def still_claimed(session: Session, dropped: list[list[Any]], old_id: int, source_id: int) -> list[list[Any]]:
    """The dropped claims that are to come back, under the number that the source has now."""
    found = []
    for table, kept_claim in dropped:
        claim = kept_claim | ({"client_id": source_id} if kept_claim["client_id"] == old_id else {})
        same = ReferenceClaim.supplier_id == claim["supplier_id"], ReferenceClaim.reference == claim["reference"]
        is_new = session.scalar(select(ReferenceClaim.id).where(ReferenceClaim.client_id == claim["client_id"], *same)) is None
        if is_new and session.get(Supplier, claim["supplier_id"]) is not None:
            found.append([table, claim])
    return found


def stay_silent(session: Session, client: Client) -> None:
    """E-mails that the merge held back wait until somebody says what becomes of them."""
    if client.notifications and session.scalar(select(Mail.id).where(Mail.client_id == client.id, Mail.status == MailStatus.HELD).limit(1)) is not None:
        client.notifications = False


# --- in time --------------------------------------------------------------------------------------


@jobs.kind("forget_merges", _("Let go of what undoing merges needed"), lane=Lane.LONG)
def forget_merges(run: jobs.Run) -> None:
    """A merge whose thirty days are over stays as a fact; what was kept of the source for undoing goes."""
    over = ClientMerge.until < today(), ClientMerge.content.is_not(None)
    with crossing(reading=False) as session:
        number = session.scalar(select(func.count()).select_from(ClientMerge).where(*over)) or 0
        if number:
            with history.bulk(session, "ClientMerge", {"forgotten": number}):
                session.execute(update(ClientMerge).where(*over).values(content=None))
            session.commit()


schedules.daily("forget_merges", time(3, 55))

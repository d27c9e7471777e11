"""Making one record of two. On a session of the house's own, in one transaction: all of it, or nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Client, ClientFile, ClientMerge, ClientReference, Deed, Folder, ReferenceClaim, Signatory, today
from app.models.recorder import entry_of
from app.models.scope import leave
from app.services import client_mails, drive, history, once
from app.services.crossings import crossing
from app.services.merging.comparing import lines_of, loses_hidden, refusal
from app.services.merging.moving import Change, is_at_the_top, names_at_the_top, one_of_each, places, point, put, reason_of, search_again, settle
from app.services.refusals import RuleBroken
from app.services.stored_rows import keep_row, kept, take_out

DAYS = 30
STALE = _("One of the two records has changed meanwhile. Please look at both again.")


def of_client(session: Session, client_id: int) -> list[ClientMerge]:
    """What was merged into a client, the last first."""
    return list(session.scalars(select(ClientMerge).where(ClientMerge.client_id == client_id).order_by(ClientMerge.id.desc())))


def became(record_id: int) -> int | None:
    """The record that one which was merged is part of now, if whoever asks can see it."""
    merged = select(ClientMerge.client_id).where(ClientMerge.source_id == record_id, ClientMerge.undone_by.is_(None))
    return db.session.scalar(merged.order_by(ClientMerge.id.desc()).limit(1))


def merge(target_id: int, version: int, source_id: int, source_version: int, actor: str, actor_id: int, token: str | None, sees_all: bool = True) -> ClientMerge:
    """Makes one record of two: the caller has found both under its own scope, and says whether it sees every field. Raises RuleBroken,
    or once.AlreadyDone for the second of two identical posts."""
    with crossing(reading=False) as session:
        session.info.update(actor=actor, actor_id=actor_id)
        once.claim(token, actor_id, session=session)
        rows = {row.id: row for row in session.scalars(select(Client).where(Client.id.in_({target_id, source_id})).order_by(Client.id).with_for_update())}
        target, source = rows.get(target_id), rows.get(source_id)
        if target is None or source is None or (target.version, source.version) != (version, source_version):
            raise RuleBroken(STALE)
        if (why := refusal(session, target, source) or (None if sees_all else loses_hidden(target, source))) is not None:
            raise RuleBroken(why)
        row = ClientMerge(client_id=target.id, source_id=source.id, source_name=source.name, by=actor, until=today() + timedelta(days=DAYS))
        session.add(row)
        session.flush()
        reason = session.info["reason"] = reason_of(row.id)
        content: dict[str, Any] = {"source": keep_row(source), "taken": complete(target, source)}
        session.flush()
        with history.bulk(session, "Client", {"merged": source.id, "into": target.id}, reason):
            content |= make_room(session, target.id, source.id)
            content["moved"] = move(session, source.id, target.id)
            search_again(session, target)
        row.content = content | {"notifications": target.notifications}
        session.flush()
        session.expire_all()
        session.delete(session.get_one(Client, source_id))
        session.flush()
        settle(session, target)
        if not target.notifications:
            client_mails.hold_back(session, target.id)
        leave(session, entry_of(session, Deed.BULK, "Client", target_id, {"taken_in": [None, f"{row.source_name} ({row.source_id})"]}, reason))
        session.commit()
        return row


def complete(target: Client, source: Client) -> dict[str, list[Any]]:
    """The target takes what it lacks; returns what it had and was given, by field."""
    taken: dict[str, list[Any]] = {}
    columns = Client.__table__.c
    for line in lines_of(target, source):
        if line.taken:
            taken[line.name] = [kept(line.own), kept(line.other)]
            if line.name in columns:
                setattr(target, line.name, line.other)
            else:
                target.custom = (target.custom or {}) | {line.name: line.other}
    # Fields that are not in use just now: they may come back, with what was noted in them.
    for key, value in (source.custom or {}).items():
        if key not in taken and key not in (target.custom or {}):
            taken[key] = [None, value]
            target.custom = (target.custom or {}) | {key: value}
    return taken


def make_room(session: Session, target_id: int, source_id: int) -> dict[str, Any]:
    """What two records may have once each and one record only once: the title of principal, names in a drive, what waits for an answer,
    claims. Returns what was changed, and the claims that were dropped."""
    both, changed = (target_id, source_id), list[Change]()
    principals = {row.client_id: row.id for row in session.scalars(select(Signatory).where(Signatory.client_id.in_(both), Signatory.is_principal))}
    if len(principals) == len(both):
        changed.append(["signatory", principals[source_id], {"is_principal": True}, {"is_principal": False}])
    changed += renamed(session, target_id, source_id, Folder)
    changed += renamed(session, target_id, source_id, ClientFile)
    for table, number, _before, after in changed:
        put(session, table, number, after)
    changed += one_of_each(session, both)
    return {"changed": changed, "dropped": take_out(session, ReferenceClaim, empty_claims(session, both))}


def renamed(session: Session, target_id: int, source_id: int, entity: type[Folder] | type[ClientFile]) -> list[Change]:
    """The source's folders or files at the top get a number where the target has one of the same name."""
    theirs, own = names_at_the_top(session, entity, target_id), names_at_the_top(session, entity, source_id)
    clashing = select(entity.id, entity.name, entity.name_key).where(entity.client_id == source_id, is_at_the_top(entity), entity.name_key.in_(theirs))
    taken, changed = theirs | own, list[Change]()
    for row in session.execute(clashing.order_by(entity.id)).all():
        name = drive.free_name(entity, row.name, taken)
        taken.add(drive.key_of(entity, name))
        changed.append([entity.__tablename__, row.id, {"name": row.name, "name_key": row.name_key}, {"name": name, "name_key": drive.key_of(entity, name)}])
    return changed


def empty_claims(session: Session, both: tuple[int, int]) -> list[int]:
    """Claims on a reference that one of the two holds, or that both claim: with one record they say nothing any more."""
    claims = list(session.scalars(select(ReferenceClaim).where(ReferenceClaim.client_id.in_(both)).order_by(ReferenceClaim.client_id != both[0], ReferenceClaim.id)))
    known = {tuple(row) for row in session.execute(select(ClientReference.supplier_id, ClientReference.reference).where(ClientReference.client_id.in_(both)))}
    empty = []
    for claim in claims:
        key = (claim.supplier_id, claim.reference)
        if key in known:
            empty.append(claim.id)
        known.add(key)
    return empty


def move(session: Session, source_id: int, target_id: int) -> dict[str, list[int]]:
    """Everything that points at the source points at the target; returns the rows, by table and column."""
    moved = {}
    for table, column in places():
        ids = list(session.scalars(select(table.c.id).where(column == source_id).order_by(table.c.id)))
        if ids:
            moved[f"{table.name}.{column.name}"] = ids
            point(session, table, column, ids, source_id, target_id)
    return moved

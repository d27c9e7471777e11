"""Merging two records of one client: the source completes the target and never overwrites, everything that hangs on it is moved, and
for thirty days both can be had back as they were. Rules: DOMAIN 4."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from flask_babel import LazyString, lazy_gettext as _
from sqlalchemy import Column, ColumnElement, Table, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import Client, ClientFile, ClientKind, ClientMerge, ClientReference, ClientStatus, Contract, Deed, Folder, Lane, ReferenceClaim, Signatory, fold, today
from app.models.base import Model, Own
from app.models.clients import CLIENT_FILE
from app.models.custom import fields_of
from app.models.recorder import entry_of
from app.models.scope import leave
from app.services import history, jobs, knowledge, once, schedules
from app.services.crossings import crossing
from app.services.refusals import RuleBroken
from app.services.stored_rows import bring_back, keep_row, kept, revived, take_out, values_of

DAYS = 30
AT_ONCE = 500
REASON = "merge"
# What only means something together is taken together, or not at all: half of one address with half of another is nobody's.
TOGETHER = (("street", "postcode", "city", "country"), ("mail_street", "mail_postcode", "mail_city"))
HAVE_A_DEFAULT = frozenset({"country", "tax_country", "language", "us_person", "kind"})
RANK = (ClientStatus.PROSPECT, ClientStatus.FORMER, ClientStatus.CLIENT)
STALE = _("One of the two records has changed meanwhile. Please look at both again.")


@dataclass(frozen=True)
class Line:
    """One field of two records: what the target has, what the source has, and which of them stays."""

    name: str
    own: Any
    other: Any
    taken: bool

    @property
    def is_same(self) -> bool:
        return bool(self.own == self.other)

    @property
    def differs(self) -> bool:
        """Whether something of the source will not be in the target."""
        return not self.taken and self.other not in (None, "") and self.own != self.other


def names_compared() -> list[str]:
    in_order = [column.key for column in Client.__table__.columns if column.key in CLIENT_FILE | {"status"}]
    return [*in_order, *fields_of(Client)]


def value_of(client: Client, name: str) -> Any:
    return getattr(client, name) if name in Client.__table__.c else (client.custom or {}).get(name)


def lines_of(target: Client, source: Client) -> list[Line]:
    """Every field that either of them has, with what becomes of it."""
    found = []
    for name in names_compared():
        own, other = value_of(target, name), value_of(source, name)
        if own not in (None, "") or other not in (None, ""):
            found.append(Line(name, own, other, completes(target, source, name)))
    return found


def completes(target: Client, source: Client, name: str) -> bool:
    """Whether the target takes this value of the source: it has none of its own, nor part of one."""
    own, other = value_of(target, name), value_of(source, name)
    if name == "status":
        return RANK.index(other) > RANK.index(own)
    group = next((names for names in TOGETHER if name in names), (name,))
    telling = [each for each in group if each not in HAVE_A_DEFAULT]
    if not telling or any(value_of(target, each) not in (None, "") for each in telling):
        return False
    if name == "tax_number" and target.tax_country != source.tax_country:
        return False
    given = any(value_of(source, each) not in (None, "") for each in telling)
    return given and other not in (None, "") and own != other


def refusal(session: Session, target: Client, source: Client) -> LazyString | None:
    """Why two records cannot be one."""
    if target.id == source.id:
        return _("Please choose another record.")
    if target.partner_id != source.partner_id:
        return _("These clients belong to two partners: move one of them first.")
    if target.kind is not source.kind:
        return _("One is “%(one)s”, the other “%(other)s”: only records of the same kind can be merged.", one=target.kind.label, other=source.kind.label)
    pair = {target.id, source.id}
    together = select(Client.id).where(Client.kind == ClientKind.COUPLE, Client.first_person_id.in_(pair), Client.second_person_id.in_(pair))
    if session.scalar(together.limit(1)) is not None:
        return _("These two persons are a couple: they are not the same person.")
    return None


def places() -> Iterator[tuple[Table, Column]]:
    """Every column that points at a client, wherever: an entity that is added later is moved too."""
    for table in Model.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column.table is Client.__table__ for key in column.foreign_keys):
                yield table, column


def what_moves(session: Session, source_id: int) -> dict[type, int]:
    """How many rows of each entity hang on the source, for a page that says so."""
    found = {}
    for mapper in Model.registry.mappers:
        entity = mapper.class_
        if isinstance(getattr(entity, "scope", None), Own) and hasattr(entity, "client_id") and entity.client_id.property.columns[0].foreign_keys:
            number = session.scalar(select(func.count()).select_from(entity).where(entity.client_id == source_id)) or 0
            if number:
                found[entity] = number
    return found


# --- to merge -------------------------------------------------------------------------------------


def merge(target_id: int, version: int, source_id: int, source_version: int, actor: str, actor_id: int, token: str | None) -> ClientMerge:
    """Makes one record of two, on a session of the house's own: the caller has found both under its own scope. Raises RuleBroken, or
    once.AlreadyDone for the second of two identical posts."""
    with crossing(reading=False) as session:
        session.info.update(actor=actor, actor_id=actor_id)
        once.claim(token, actor_id, session=session)
        rows = {row.id: row for row in session.scalars(select(Client).where(Client.id.in_({target_id, source_id})).order_by(Client.id).with_for_update())}
        target, source = rows.get(target_id), rows.get(source_id)
        if target is None or source is None or (target.version, source.version) != (version, source_version):
            raise RuleBroken(STALE)
        if (why := refusal(session, target, source)) is not None:
            raise RuleBroken(why)
        row = ClientMerge(client_id=target.id, source_id=source.id, source_name=source.name, by=actor, until=today() + timedelta(days=DAYS))
        content: dict[str, Any] = {"source": keep_row(source), "taken": complete(target, source)}
        session.flush()
        with history.bulk(session, "Client", {"merged": source.id, "into": target.id}):
            content |= make_room(session, target.id, source.id)
            content["moved"] = move(session, source.id, target.id)
            follow(session, target)
        row.content = content
        session.expire_all()
        session.delete(session.get_one(Client, source_id))
        session.flush()
        settle(session, target)
        session.add(row)
        leave(session, entry_of(session, Deed.BULK, "Client", target_id, {"name": [row.source_name, target.name]}, REASON))
        session.commit()
        return row


def complete(target: Client, source: Client) -> dict[str, list[Any]]:
    """The target takes what it lacks; returns what it had and was given, by field."""
    taken = {}
    columns = Client.__table__.c
    for line in lines_of(target, source):
        if not line.taken:
            continue
        if line.name in columns:
            taken[line.name] = [kept(columns[line.name], line.own), kept(columns[line.name], line.other)]
            setattr(target, line.name, line.other)
        else:
            taken[line.name] = [line.own, line.other]
            target.custom = (target.custom or {}) | {line.name: line.other}
    return taken


def make_room(session: Session, target_id: int, source_id: int) -> dict[str, Any]:
    """What two records may have once each and one record only once: the title of principal, names in a drive, claims. Returns what was
    changed, as [table, number, values before, values after], and the claims that were dropped."""
    both, changed = (target_id, source_id), list[list[Any]]()
    principals = {row.client_id: row.id for row in session.scalars(select(Signatory).where(Signatory.client_id.in_(both), Signatory.is_principal))}
    if len(principals) == len(both):
        changed.append(["signatory", principals[source_id], {"is_principal": True}, {"is_principal": False}])
    changed += renamed(session, target_id, source_id, Folder, Folder.parent_id.is_(None))
    changed += renamed(session, target_id, source_id, ClientFile, ClientFile.folder_id.is_(None) & ClientFile.deleted_at.is_(None))
    for table, number, _before, after in changed:
        put(session, table, number, after)
    return {"changed": changed, "dropped": take_out(session, ReferenceClaim, empty_claims(session, both))}


def renamed(session: Session, target_id: int, source_id: int, entity: Any, at_the_top: ColumnElement[bool]) -> list[list[Any]]:
    """The source's folders or files get a number where the target has one of the same name."""
    rows = session.execute(select(entity.id, entity.client_id, entity.name, entity.name_key).where(entity.client_id.in_((target_id, source_id)), at_the_top)).all()
    theirs = {row.name_key for row in rows if row.client_id == target_id}
    taken, changed = {row.name_key for row in rows}, []
    for row in rows:
        if row.client_id == source_id and row.name_key in theirs:
            after = free_name(row.name, taken, with_ending=entity is ClientFile)
            taken.add(after["name_key"])
            changed.append([entity.__tablename__, row.id, {"name": row.name, "name_key": row.name_key}, after])
    return changed


def free_name(name: str, taken: set[str], with_ending: bool = False) -> dict[str, str]:
    stem, dot, ending = name.rpartition(".") if with_ending and "." in name else (name, "", "")
    count, wanted = 1, name
    while fold(wanted)[:200] in taken:
        count += 1
        wanted = f"{stem[:110]} ({count}){dot}{ending}"
    return {"name": wanted, "name_key": fold(wanted)[:200]}


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


def put(session: Session, table: str, number: int, values: dict[str, Any]) -> None:
    target = Model.metadata.tables[table]
    session.execute(update(target).where(target.c.id == number).values(values))


def chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def move(session: Session, source_id: int, target_id: int) -> dict[str, list[int]]:
    """Everything that points at the source points at the target; returns the rows, by table and column."""
    moved = {}
    for table, column in places():
        ids = list(session.scalars(select(table.c.id).where(column == source_id).order_by(table.c.id)))
        if ids:
            moved[f"{table.name}.{column.name}"] = ids
            point(session, table, column, ids, source_id, target_id)
    return moved


def point(session: Session, table: Table, column: Column, ids: list[int], before: int, after: int) -> None:
    """Rows that still point at the one record point at the other; whoever has one open is told that it changed."""
    values: dict[str, Any] = {column.name: after}
    if "version" in table.c:
        values["version"] = table.c.version + 1
    for some in chunks(ids):
        session.execute(update(table).where(table.c.id.in_(some), column == before).values(values))


def follow(session: Session, client: Client) -> None:
    """Contracts are found under the name of the client that holds them."""
    rows = session.execute(select(Contract.id, Contract.number_key).where(Contract.client_id == client.id)).all()
    for number, key in rows:
        put(session, "contract", number, {"search_text": fold(f"{key} {client.full_name}")})


def settle(session: Session, client: Client) -> None:
    """What a client's row says of what hangs on it."""
    client.knowledge = knowledge.state_of(session, client.id)
    session.flush()


# --- to undo --------------------------------------------------------------------------------------


def of_client(session: Session, client_id: int) -> list[ClientMerge]:
    return list(session.scalars(select(ClientMerge).where(ClientMerge.client_id == client_id).order_by(ClientMerge.id.desc())))


def undo(merge_id: int, target_id: int, actor: str, actor_id: int) -> int:
    """Makes two records of one again and returns the number of the one that comes back. What was added or moved elsewhere since stays
    where it is now, and so does a completed field that has been changed since. Raises RuleBroken."""
    with crossing(reading=False) as session:
        session.info.update(actor=actor, actor_id=actor_id)
        target = session.scalar(select(Client).where(Client.id == target_id).with_for_update())
        row = session.scalar(select(ClientMerge).where(ClientMerge.id == merge_id, ClientMerge.client_id == target_id).with_for_update())
        if target is None or row is None or not row.can_be_undone:
            raise RuleBroken(_("This merge cannot be undone any more."))
        if any(other.id > row.id and other.can_be_undone for other in of_client(session, target_id)):
            raise RuleBroken(_("Another record has been merged into this one since: undo that first."))
        content = row.content or {}
        source = revive(session, target, content["source"])
        give_back(target, content["taken"])
        session.flush()
        with history.bulk(session, "Client", {"restored": source.id, "from": target.id}):
            for place, ids in content["moved"].items():
                table, column = place.split(".")
                found = Model.metadata.tables[table]
                point(session, found, found.c[column], ids, target.id, source.id)
            untangle(session, (target.id, source.id))
            undo_changes(session, content["changed"], source.id)
            bring_back(session, [each for each in content["dropped"] if still_says(session, each[1], row.source_id, source.id)])
            follow(session, target)
            follow(session, source)
        session.expire_all()
        row.undone_by, row.content = actor, None
        settle(session, target)
        settle(session, source)
        leave(session, entry_of(session, Deed.BULK, "Client", target_id, {"name": [target.name, source.name]}, REASON))
        session.commit()
        return source.id


def revive(session: Session, target: Client, row: dict[str, Any]) -> Client:
    """The source as it was, with the partner that the target has by now; under its old number unless another has it."""
    values = values_of(Client.__table__, row)  # type: ignore[arg-type]
    if target.partner_id != values["partner_id"]:
        values |= {"partner_id": target.partner_id, "adviser_id": target.adviser_id}
    if session.get(Client, values["id"]) is not None:
        del values["id"]
    for person in ("first_person_id", "second_person_id"):
        if values[person] is not None and session.get(Client, values[person]) is None:
            values[person] = None
    source = Client(**{name: value for name, value in values.items() if name != "version"})
    session.add(source)
    session.flush()
    return source


def give_back(target: Client, taken: dict[str, list[Any]]) -> None:
    for name, (before, given) in taken.items():
        if name in Client.__table__.c:
            column = Client.__table__.c[name]
            if kept(column, getattr(target, name)) == given:
                setattr(target, name, revived(column, before))
        elif (target.custom or {}).get(name) == given:
            target.custom = {key: value for key, value in (target.custom or {}).items() if key != name} | ({} if before is None else {name: before})


def untangle(session: Session, both: tuple[int, int]) -> None:
    """A file or folder that was put into a folder of the other record since comes to the top of its own."""
    own = Folder.client_id.in_(both)
    folders = {row.id: row for row in session.execute(select(Folder.id, Folder.client_id, Folder.parent_id, Folder.name).where(own)).all()}
    for row in folders.values():
        if row.parent_id is not None and folders[row.parent_id].client_id != row.client_id:
            at_the_top = select(Folder.name_key).where(Folder.client_id == row.client_id, Folder.parent_id.is_(None))
            put(session, "folder", row.id, free_name(row.name, set(session.scalars(at_the_top))) | {"parent_id": None})
    inside = select(ClientFile.id, ClientFile.client_id, ClientFile.folder_id).where(ClientFile.client_id.in_(both), ClientFile.folder_id.is_not(None))
    for file in session.execute(inside).all():
        if folders[file.folder_id].client_id != file.client_id:
            put(session, "client_file", file.id, {"folder_id": None})


def undo_changes(session: Session, changed: list[list[Any]], source_id: int) -> None:
    """Titles and names that the source had, where nobody has changed them since and nothing has taken their place."""
    for name, number, before, after in changed:
        table = Model.metadata.tables[name]
        as_left = [table.c[column] == value for column, value in after.items()]
        if session.scalar(select(table.c.id).where(table.c.id == number, table.c.client_id == source_id, *as_left)) is None:
            continue
        with suppress(IntegrityError), session.begin_nested():
            put(session, name, number, before)


def still_says(session: Session, claim: dict[str, Any], old_id: int, source_id: int) -> bool:
    """Whether a dropped claim is to come back; it follows the source to its number."""
    claim["client_id"] = source_id if claim["client_id"] == old_id else claim["client_id"]
    same = ReferenceClaim.supplier_id == claim["supplier_id"], ReferenceClaim.reference == claim["reference"]
    return session.scalar(select(ReferenceClaim.id).where(ReferenceClaim.client_id == claim["client_id"], *same)) is None


# --- in time --------------------------------------------------------------------------------------


@jobs.kind("forget_merges", _("Let go of what undoing merges needed"), lane=Lane.LONG)
def forget_merges(run: jobs.Run) -> None:
    """A merge whose thirty days are over stays as a fact; what was kept of the source for undoing goes."""
    with crossing(reading=False) as session:
        for row in session.scalars(select(ClientMerge).where(ClientMerge.until < today(), ClientMerge.content.is_not(None))):
            row.content = None
        session.commit()


schedules.daily("forget_merges", time(3, 55))

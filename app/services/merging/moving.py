"""What a merge and its undoing share: every row that points at the one record points at the other, and each record is in order after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, bindparam, select, update
from sqlalchemy.orm import Session

from app.models import Client, ClientFile, ClientPaper, ClientPaperState, ClientStatus, Contract, Folder, QuestionnaireSent, fold, now
from app.models.base import Model
from app.services import knowledge
from app.services.client_questionnaires import OPEN
from app.services.stored_rows import kept, values_of

AT_ONCE = 500
REASON = "merge"


def reason_of(merge_id: int) -> str:
    """What history says beside everything that one merge, or its undoing, has written: by it all of that is found again."""
    return f"{REASON}:{merge_id}"


# [table, number, values before, values after], as JSON keeps them.
Change = list[Any]


def places() -> Iterator[tuple[Table, Column]]:
    """Every column that points at a client, wherever: an entity that is added later is moved too."""
    for table in Model.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column.table is Client.__table__ for key in column.foreign_keys):
                yield table, column


def put(session: Session, table: str, number: int, values: dict[str, Any]) -> None:
    """Writes kept values into a row."""
    target = Model.metadata.tables[table]
    session.execute(update(target).where(target.c.id == number).values(**values_of(target, values)))


def chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def point(session: Session, table: Table, column: Column, ids: list[int], before: int, after: int) -> None:
    """Rows that still point at the one record point at the other; whoever has one open is told that it changed."""
    values: dict[str, Any] = {column.name: after}
    if "version" in table.c:
        values["version"] = table.c.version + 1
    for some in chunks(ids):
        session.execute(update(table).where(table.c.id.in_(some), column == before).values(values))


def search_again(session: Session, client: Client) -> None:
    """Contracts are found under the name of the client that holds them."""
    table = Contract.__table__
    rows = session.execute(select(Contract.id, Contract.number_key).where(Contract.client_id == client.id)).all()
    if rows:
        statement = update(table).where(table.c.id == bindparam("contract")).values(search_text=bindparam("words"))  # type: ignore[arg-type]
        session.connection().execute(statement, [{"contract": number, "words": fold(f"{key} {client.full_name}")} for number, key in rows])


def one_of_each(session: Session, client_ids: Iterable[int]) -> list[Change]:
    """One questionnaire of a kind waits for an answer, and one document of a kind (and contract) for a signature: of several the newest
    stays, as if it had been sent after the others. Returns what was changed."""
    ids, changed, seen = list(client_ids), list[Change](), set[Any]()
    for sent in session.scalars(select(QuestionnaireSent).where(QuestionnaireSent.client_id.in_(ids), *OPEN).order_by(QuestionnaireSent.id.desc())):
        if sent.kind in seen:
            changed.append(["questionnaire_sent", sent.id, {"withdrawn_at": None}, {"withdrawn_at": kept(now())}])
        seen.add(sent.kind)
    waiting = select(ClientPaper).where(ClientPaper.client_id.in_(ids), ClientPaper.status == ClientPaperState.TO_SIGN).order_by(ClientPaper.id.desc())
    for paper in session.scalars(waiting):
        if (key := (paper.kind, paper.contract_id)) in seen:
            changed.append(["client_paper", paper.id, {"status": ClientPaperState.TO_SIGN.value}, {"status": ClientPaperState.REPLACED.value}])
        seen.add(key)
    for table, number, _before, after in changed:
        put(session, table, number, after)
    return changed


def settle(session: Session, client: Client) -> None:
    """What a client's row says of what hangs on it."""
    client.knowledge = knowledge.state_of(session, client.id)
    if client.status is ClientStatus.PROSPECT and session.scalar(select(Contract.id).where(Contract.client_id == client.id).limit(1)) is not None:
        client.status = ClientStatus.CLIENT
    session.flush()


def hanging() -> Iterator[tuple[Table, Column, Table]]:
    """Columns of a client's rows that point at another row of a client: an answer's questionnaire, a file's version, a report's contract.
    Folders are no such bond: a file can be in another one tomorrow; nor is the contract of a document, which quotes the person it was
    written for."""
    owned = [table for table, column in places() if column.name == "client_id"]
    for table in owned:
        for column in table.columns:
            for key in column.foreign_keys:
                if key.column.table in owned and key.column.table is not Folder.__table__ and (table, column.name) != (ClientPaper.__table__, "contract_id"):
                    yield table, column, key.column.table


def keep_together(session: Session, from_id: int, to_id: int) -> None:
    """Rows that have come since the merge go with the row that they hang on."""
    for table, column, parent in hanging():
        theirs = select(parent.c.id).where(parent.c.client_id == to_id)
        ids = list(session.scalars(select(table.c.id).where(table.c.client_id == from_id, column.in_(theirs))))
        if ids:
            point(session, table, table.c.client_id, ids, from_id, to_id)
    gone = select(Contract.id).where(Contract.client_id == to_id)
    about = update(ClientPaper).where(ClientPaper.client_id == from_id, ClientPaper.contract_id.in_(gone)).values(contract_id=None)
    session.execute(about.execution_options(synchronize_session=False))


def is_at_the_top(entity: type[Folder] | type[ClientFile]) -> ColumnElement[bool]:
    return Folder.parent_id.is_(None) if entity is Folder else ClientFile.folder_id.is_(None) & ClientFile.deleted_at.is_(None)


def names_at_the_top(session: Session, entity: type[Folder] | type[ClientFile], client_id: int) -> set[str]:
    """The names that stand at the top of a drive already."""
    return set(session.scalars(select(entity.name_key).where(entity.client_id == client_id, is_at_the_top(entity))))

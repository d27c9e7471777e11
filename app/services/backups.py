"""The whole house in one encrypted file, and back into an empty one; for both databases, and from one to the other.

The file is a tar archive encrypted with age (age-encryption.org) for a public key, so that the machine that writes backups cannot
read them. In it: manifest.json, one JSON line per row and table, the kept files, and the key that agreements are sealed with.
The rows are read in one transaction that sees the database as it was at one moment; files are never changed once they are kept.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import pyrage
from flask import current_app
from sqlalchemy import Connection, Table, func, insert, select, text, update

from app.connectors import files
from app.extensions import db
from app.models import History, Model, Setting, User, now
from app.services import files as service_files, history, preparation, stores
from app.services.crossings import crossing

LEFT_OUT = frozenset({"sign_in", "attempt", "submission"})  # nobody comes back signed in
AT_ONCE = 500  # rows in one insert


class NotDone(Exception):
    """A backup or a restoration that did not come about, in a sentence for whoever runs it."""


@dataclass(frozen=True)
class Outcome:
    """What was written or brought back, and the places of history's chain that do not hold."""

    rows: int
    files: int
    missing: int = 0
    broken: tuple[int, ...] = ()
    other_secret: bool = False


# --- keys -----------------------------------------------------------------------------------------


def new_key() -> tuple[str, str]:
    """A secret key, which opens backups, and its public key, which writes them."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def public_key(words: str) -> Any:
    try:
        return pyrage.x25519.Recipient.from_str(words.strip())
    except pyrage.RecipientError as wrong:
        raise NotDone("This is not a public key: it begins with “age1”.") from wrong


def secret_key(words: str) -> Any:
    line = next((line.strip() for line in words.splitlines() if line.strip().startswith("AGE-SECRET-KEY-")), "")
    try:
        return pyrage.x25519.Identity.from_str(line)
    except pyrage.IdentityError as wrong:
        raise NotDone("This file holds no secret key: it begins with “AGE-SECRET-KEY-”.") from wrong


# --- values ---------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """A value as JSON keeps it, with its type where JSON has none."""
    if isinstance(value, datetime):
        return {"$moment": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict | list):
        return {"$json": value}
    return str(value) if isinstance(value, str) else value


TYPED: dict[str, Callable[[Any], Any]] = {
    "$moment": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$decimal": Decimal,
    "$bytes": base64.b64decode,
    "$json": lambda value: value,
}


def typed(value: Any) -> Any:
    if isinstance(value, dict):
        ((name, inner),) = value.items()
        return TYPED[name](inner)
    return value


def tables() -> list[Table]:
    """Every table, those first that others point at."""
    return [table for table in Model.metadata.sorted_tables if table.name not in LEFT_OUT]


# --- writing --------------------------------------------------------------------------------------


def write(target: Path, recipient: str) -> Outcome:
    """Writes one backup; it appears whole or not at all, readable by its owner only."""
    key = public_key(recipient)
    part = target.with_name(f"{target.name}.part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            with encrypted(out, key) as stream, gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=3) as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
                outcome = fill(archive)
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
    except OSError as fault:
        raise NotDone(f"The backup could not be written: {fault}") from fault
    finally:
        part.unlink(missing_ok=True)
    return outcome


@contextmanager
def encrypted(out: BinaryIO, key: Any) -> Iterator[BinaryIO]:
    """What is written into it comes out encrypted. Through a pipe: age reads while tar writes."""
    reading, writing = os.pipe()
    faults: list[BaseException] = []

    def turn() -> None:
        with open(reading, "rb") as source:
            try:
                pyrage.encrypt_io(source, out, [key])
            except BaseException as fault:
                faults.append(fault)
                while source.read(1 << 20):  # so that whoever writes is not left hanging
                    pass

    thread = threading.Thread(target=turn)
    thread.start()
    try:
        with open(writing, "wb") as stream:
            yield stream
    finally:
        thread.join()
    if faults:
        raise NotDone(f"The backup could not be written: {faults[0]}") from faults[0]


def fill(archive: tarfile.TarFile) -> Outcome:
    rows = 0
    with snapshot() as connection:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        about = {"made_at": now().isoformat(), "revision": revision, "secret": secret_mark(), "tables": [table.name for table in tables()]}
        add(archive, "manifest.json", json.dumps(about, indent=2).encode())
        for table in tables():
            rows += add_table(archive, connection, table)
    kept = missing = 0
    for key in files.chosen.every_key():
        try:
            add(archive, f"files/{key}", b"".join(files.chosen.read(key)))
            kept += 1
        except files.FileMissing:  # forgotten while we read: no row of this moment may still name it
            missing += 1
    for path in sorted(key_folder().glob("*")):
        if path.suffix in (".pem", ".crt"):
            add(archive, f"keys/{path.name}", path.read_bytes())
    return Outcome(rows, kept, missing)


@contextmanager
def snapshot() -> Iterator[Connection]:
    """A connection that sees the database as it is at this moment, whatever others write."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        yield connection
        connection.rollback()


def add_table(archive: tarfile.TarFile, connection: Connection, table: Table) -> int:
    """One member of the archive: its size must be known first, so the lines wait in clear in a file without a name, which goes
    with this process."""
    rows = 0
    with tempfile.TemporaryFile(dir=current_app.config["INSTANCE"]) as lines:
        found = connection.execution_options(yield_per=1_000).execute(select(table).order_by(*table.primary_key.columns))
        for row in found:
            lines.write(json.dumps([plain(value) for value in row], ensure_ascii=False).encode() + b"\n")
            rows += 1
        size = lines.tell()
        lines.seek(0)
        head = tarfile.TarInfo(f"tables/{table.name}.jsonl")
        head.size = size
        archive.addfile(head, lines)
    return rows


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    head = tarfile.TarInfo(name)
    head.size = len(content)
    archive.addfile(head, io.BytesIO(content))


def secret_mark() -> str:
    """Enough to see whether the house's key is the same, and nothing of it."""
    return hashlib.sha256(b"backup mark\x00" + current_app.config["SECRET_KEY"].encode()).hexdigest()[:16]


def key_folder() -> Path:
    return Path(current_app.config["KEY_FOLDER"] or Path(current_app.config["INSTANCE"]) / "keys")


# --- bringing back --------------------------------------------------------------------------------


def restore(source: Path, key: str) -> Outcome:
    """Brings a backup back into an empty house: all of it or nothing. Raises NotDone. Afterwards the chain of history is walked."""
    identity = secret_key(key)
    preparation.prepare()
    with crossing() as session:
        if session.scalar(select(User.id).limit(1)) is not None:
            raise NotDone("This house is not empty: a backup is restored into a fresh database only.")
    fresh = stores.name()  # the name that this house had until now
    with tempfile.TemporaryFile(dir=current_app.config["INSTANCE"]) as clear:
        try:
            with open(source, "rb") as sealed:
                pyrage.decrypt_io(sealed, clear, [identity])
        except (pyrage.DecryptError, OSError) as wrong:
            raise NotDone("This backup cannot be opened with this key, or it is damaged.") from wrong
        clear.seek(0)
        outcome = unpack(clear, fresh)
    with crossing(piecemeal=True) as session:
        broken = history.broken_places(session)
    return Outcome(outcome.rows, outcome.files, broken=tuple(broken), other_secret=outcome.other_secret)


def unpack(clear: Any, fresh: str) -> Outcome:
    """Tables come before files: whose files the store keeps is settled before the first of them. `fresh` is the name that this house had
    until now."""
    rows = kept = 0
    other_secret, restored = False, ""
    written: list[str] = []
    keys: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=clear, mode="r|gz") as archive, db.engine.begin() as connection:
            empty(connection)
            for member in archive:
                content = archive.extractfile(member)
                folder, _slash, name = member.name.partition("/")
                if content is None:
                    continue
                if member.name == "manifest.json":
                    about = json.load(content)
                    refuse_other_revision(connection, about)
                    other_secret = about["secret"] != secret_mark()
                elif folder == "tables":
                    rows += load(connection, Model.metadata.tables[name.removesuffix(".jsonl")], content)
                elif folder == "files":
                    restored = restored or settle_owner(connection, fresh)
                    if stores.put_back(name, content.read()):
                        written.append(name)
                    kept += 1
                elif folder == "keys":
                    keys[Path(name).name] = content.read()
            restored = restored or settle_owner(connection, fresh)
            finish(connection)
    except BaseException as fault:
        for key in written:  # all of it or nothing
            service_files.remove(key)
        if restored:
            with suppress(files.StoreGone):
                files.chosen.own(fresh, instead_of=restored)
        if isinstance(fault, files.StoreGone):
            raise NotDone(f"The store of files does not answer, so nothing has been restored: {fault}") from fault
        if isinstance(fault, tarfile.TarError | EOFError | OSError | KeyError | ValueError):
            raise NotDone(f"This backup is damaged: {fault}") from fault
        raise
    for name, secret in keys.items():  # once the rows stand: a restoration that fails takes no key away
        put_key(name, secret)
    return Outcome(rows, kept, other_secret=other_secret)


def settle_owner(connection: Connection, fresh: str) -> str:
    """The name that the restored house has among stores, noted with the store in the place of the one that it had while it was empty."""
    table = Setting.__table__
    restored = connection.execute(select(table.c.value).where(table.c.key == stores.HOUSE)).scalar()
    if restored is None:  # the backup is older than such names
        now_ = now()
        connection.execute(insert(table).values(key=stores.HOUSE, value=fresh, created_at=now_, updated_at=now_, version=1))  # type: ignore[arg-type]
        restored = fresh
    if files.chosen.own(str(restored), instead_of=fresh) != restored:
        raise NotDone("Another house keeps its files in the place that FILE_STORE names (or in the folder). Nothing has been restored.")
    return str(restored)


def refuse_other_revision(connection: Connection, about: dict[str, Any]) -> None:
    here = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if about["revision"] != here:
        raise NotDone(f"This backup was made at revision {about['revision']}, and this program is at {here}. Restore it with the program it was made by, then upgrade.")


def empty(connection: Connection) -> None:
    """What a fresh database was given at its first start comes back with the rows."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
    for table in reversed(Model.metadata.sorted_tables):
        connection.execute(table.delete())


def load(connection: Connection, table: Table, lines: Any) -> int:
    """The rows of one table. A row that points at another of its own table does so once all of them are there."""
    names = [column.name for column in table.columns]
    own = [column.name for column in table.columns if any(key.column.table is table for key in column.foreign_keys)]
    rows, waiting, later = 0, [], []
    for line in lines:
        row = dict(zip(names, map(typed, json.loads(line)), strict=True))
        for name in own:
            if row[name] is not None:
                later.append({"its_id": row["id"], "value": row[name], "name": name})
                row[name] = None
        waiting.append(row)
        rows += 1
        if len(waiting) == AT_ONCE:
            connection.execute(insert(table), waiting)
            waiting = []
    if waiting:
        connection.execute(insert(table), waiting)
    untouched = {column.name: column for column in table.columns if column.onupdate is not None}  # when the row was last changed stays as it was
    for each in later:
        connection.execute(update(table).where(table.c.id == each["its_id"]).values({**untouched, each["name"]: each["value"]}))
    return rows


def finish(connection: Connection) -> None:
    """New records get numbers that no row had before, nor any deleted one of which history knows."""
    named = {mapper.local_table: mapper.class_.__name__ for mapper in Model.registry.mappers}
    known = dict(connection.execute(select(History.entity, func.max(History.record_id)).group_by(History.entity)).all())  # type: ignore[arg-type]
    for table in tables():
        column = table.autoincrement_column
        if column is None:
            continue
        highest = max(connection.execute(select(func.max(column))).scalar() or 0, known.get(named.get(table, "")) or 0)
        count_on_from(connection, table.name, column.name, highest)


def count_on_from(connection: Connection, table: str, column: str, highest: int) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table})
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :highest)"), {"name": table, "highest": highest})
        return
    sequence = connection.execute(text("SELECT pg_get_serial_sequence(:name, :column)"), {"name": table, "column": column}).scalar()
    if sequence is not None:
        setting = {"sequence": sequence, "value": highest or 1, "used": highest > 0}
        connection.execute(text("SELECT setval(CAST(:sequence AS regclass), :value, :used)"), setting)


def put_key(name: str, content: bytes) -> None:
    folder = key_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(content)

"""A client's drive: folders and files, each file in versions, thrown away and had back, within a quota. Rules: DOMAIN 4.

Bytes are kept before the row that names them; what no row names in the end is put away by the night's sweep.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from flask import current_app
from flask_babel import format_decimal, gettext, lazy_gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.models import Client, ClientFile, ClientFileVersion, Folder, Lane, fold, now
from app.models.scope import verb
from app.services import jobs, schedules
from app.services.crossings import crossing
from app.services.files import Kept
from app.services.refusals import STALE, RuleBroken

DEEPEST, MOST_FOLDERS = 8, 500
KEPT_AFTER = timedelta(days=30)  # what was thrown away
ALL: dict[type[Any], set[str] | None] = {Folder: None, ClientFile: None, ClientFileVersion: None}


@dataclass(frozen=True)
class Place:
    """What stands in a folder, and the way to it from the top."""

    folder: Folder | None
    way: list[Folder]
    folders: list[Folder]
    files: list[ClientFile]


# --- looking --------------------------------------------------------------------------------------


def folders_of(client_id: int) -> dict[int, Folder]:
    return {folder.id: folder for folder in db.session.scalars(select(Folder).where(Folder.client_id == client_id).order_by(Folder.name_key))}


def way_to(folder: Folder | None, known: dict[int, Folder]) -> list[Folder]:
    """The folders from the top down to this one."""
    way: list[Folder] = []
    while folder is not None and len(way) <= DEEPEST:
        way.insert(0, folder)
        folder = known.get(folder.parent_id or 0)
    return way


def look(client_id: int, folder_id: int | None) -> Place:
    """Raises LookupError for a folder that is not this client's."""
    known = folders_of(client_id)
    folder = known[folder_id] if folder_id is not None else None
    here = ClientFile.folder_id == folder_id if folder_id is not None else ClientFile.folder_id.is_(None)
    held = select(ClientFile).where(ClientFile.client_id == client_id, here, ClientFile.deleted_at.is_(None)).order_by(ClientFile.name_key, ClientFile.id)
    return Place(folder, way_to(folder, known), [each for each in known.values() if each.parent_id == folder_id], list(db.session.scalars(held)))


def found(client_id: int, words: str) -> list[ClientFile]:
    """The files whose name holds every one of some words, accents and case ignored."""
    wanted = select(ClientFile).where(ClientFile.client_id == client_id, ClientFile.deleted_at.is_(None))
    for word in fold(words).split()[:10]:
        wanted = wanted.where(ClientFile.name_key.contains(word, autoescape=True))
    return list(db.session.scalars(wanted.order_by(ClientFile.name_key, ClientFile.id).limit(100)))


def thrown_away(client_id: int) -> list[ClientFile]:
    wanted = select(ClientFile).where(ClientFile.client_id == client_id, ClientFile.deleted_at.is_not(None))
    return list(db.session.scalars(wanted.order_by(ClientFile.deleted_at.desc()).limit(200)))


def versions_of(file: ClientFile) -> list[ClientFileVersion]:
    return list(db.session.scalars(select(ClientFileVersion).where(ClientFileVersion.file_id == file.id).order_by(ClientFileVersion.number.desc())))


def used(client_id: int) -> int:
    """Bytes of all files and versions, thrown away ones too; a version that was restored takes no room of its own."""
    kept = select(ClientFileVersion.key, func.max(ClientFileVersion.size).label("size"))
    each = kept.where(ClientFileVersion.client_id == client_id).group_by(ClientFileVersion.key).subquery()
    return int(db.session.scalar(select(func.coalesce(func.sum(each.c.size), 0))) or 0)


def quota() -> int:
    return int(current_app.config["DRIVE_QUOTA"])


# --- names ----------------------------------------------------------------------------------------


LONGEST_KEY: dict[type[Any], int] = {Folder: 200, ClientFile: 300}
LONGEST_NAME: dict[type[Any], int] = {Folder: 120, ClientFile: 200}


def key_of(entity: type[Any], name: str) -> str:
    """What two names that are the same to a reader have in common; cut to what the column holds."""
    return fold(name)[: LONGEST_KEY[entity]]


def free_name(entity: type[Any], name: str, taken: Collection[str]) -> str:
    """The name, or the same with the first number under which nothing stands yet; a file keeps its ending. Letters may become two in a
    key ("œ"), so the name is shortened until its number fits in."""
    if key_of(entity, name) not in taken:
        return name
    stem, dot, ending = name.rpartition(".") if entity is ClientFile and not name.startswith(".") else ("", "", "")
    stem, ending = (stem, dot + ending) if dot else (name, "")
    for count in range(2, len(taken) + 3):
        mark = f" ({count}){ending}"
        while stem and (len(stem + mark) > LONGEST_NAME[entity] or len(fold(stem + mark)) > LONGEST_KEY[entity]):
            stem = stem[:-1].rstrip()
        if key_of(entity, stem + mark) not in taken:
            return stem + mark
    raise AssertionError("more names are taken than there are")


# --- folders --------------------------------------------------------------------------------------


def hold(client_id: int) -> None:
    """One at a time in one drive: two could fill the last room, or move two folders into each other."""
    db.session.execute(select(Client.id).where(Client.id == client_id).with_for_update())


def clean_name(name: str, longest: int = 120) -> str:
    name = "".join(letter for letter in name if unicodedata.category(letter)[0] != "C" or letter.isspace())
    name = " ".join(name.replace("/", " ").replace("\\", " ").split()).strip(". ")
    if not name:
        raise RuleBroken(_("Please enter a name."), "name")
    if len(name) > longest:
        raise RuleBroken(_("At most %(limit)s characters; you typed %(typed)s.", limit=longest, typed=len(name)), "name")
    return name


def add_folder(client: Client, parent_id: int | None, name: str) -> Folder:
    hold(client.id)
    name, known = clean_name(name), folders_of(client.id)
    if parent_id is not None and parent_id not in known:
        raise RuleBroken(STALE)
    if len(known) >= MOST_FOLDERS:
        raise RuleBroken(_("At most %(limit)s folders.", limit=MOST_FOLDERS), "name")
    if len(way_to(known.get(parent_id or 0), known)) >= DEEPEST:
        raise RuleBroken(_("Folders go at most %(limit)s deep.", limit=DEEPEST), "name")
    folder = Folder(client_id=client.id, parent_id=parent_id, name=name, name_key=key_of(Folder, name))
    refuse_same(known, folder)
    return written(folder)


def refuse_same(known: dict[int, Folder], folder: Folder) -> None:
    if any(each.id != folder.id and each.parent_id == folder.parent_id and each.name_key == folder.name_key for each in known.values()):
        raise RuleBroken(_("There is a folder of this name already."), "name")


def written(folder: Folder) -> Folder:
    try:
        with verb(db.session(), ALL):
            db.session.add(folder)
    except IntegrityError:  # somebody else has just made one of the same name
        db.session.rollback()
        raise RuleBroken(_("There is a folder of this name already."), "name") from None
    return folder


def rename_folder(folder: Folder, name: str) -> None:
    folder.name = clean_name(name)
    folder.name_key = key_of(Folder, folder.name)
    with db.session.no_autoflush:
        refuse_same(folders_of(folder.client_id), folder)
    written(folder)


def move_folder(folder: Folder, into: int | None) -> None:
    """Into another folder, or to the top; never into itself or below itself."""
    hold(folder.client_id)
    known = folders_of(folder.client_id)
    if into is not None and into not in known:
        raise RuleBroken(STALE)
    above = way_to(known.get(into or 0), known)
    if folder in above:
        raise RuleBroken(_("A folder cannot be moved into itself."), "into")
    if len(above) + depth_below(folder, known) > DEEPEST:
        raise RuleBroken(_("Folders go at most %(limit)s deep.", limit=DEEPEST), "into")
    folder.parent_id = into
    with db.session.no_autoflush:
        refuse_same(known, folder)
    written(folder)


def depth_below(folder: Folder, known: dict[int, Folder]) -> int:
    return 1 + max((depth_below(each, known) for each in known.values() if each.parent_id == folder.id), default=0)


def remove_folder(folder: Folder) -> None:
    """An empty one only: nothing is thrown away unseen."""
    hold(folder.client_id)
    if db.session.scalar(select(Folder.id).where(Folder.parent_id == folder.id).limit(1)) is not None:
        raise RuleBroken(_("This folder still holds folders. Move or delete them first."))
    held = list(db.session.scalars(select(ClientFile).where(ClientFile.folder_id == folder.id)))
    if any(file.deleted_at is None for file in held):
        raise RuleBroken(_("This folder still holds files. Move or delete them first."))
    with verb(db.session(), ALL):
        for file in held:
            file.folder_id = None  # what was thrown away from it can still be had back, at the top
        db.session.flush()
        db.session.delete(folder)


# --- files ----------------------------------------------------------------------------------------


def room_for(client_id: int, size: int) -> None:
    """Raises RuleBroken when a file would not fit in any more."""
    if used(client_id) + size > quota():
        mega = quota() // 1024 // 1024
        raise RuleBroken(_("There is no room for this file: the files of one client take at most %(limit)s MB. Delete some, or empty the bin.", limit=mega), "file")


def put(client: Client, folder_id: int | None, kept: Kept, by: str) -> ClientFile:
    """Takes a file in; one of the same name in the same folder gets a new version, and the one before stays. The caller commits."""
    hold(client.id)
    if folder_id is not None and folder_id not in folders_of(client.id):
        raise RuleBroken(STALE)
    here = ClientFile.folder_id == folder_id if folder_id is not None else ClientFile.folder_id.is_(None)
    same = select(ClientFile).where(ClientFile.client_id == client.id, here, ClientFile.name_key == key_of(ClientFile, kept.filename), ClientFile.deleted_at.is_(None))
    file = db.session.scalar(same.limit(1))
    if file is not None and file.digest == kept.digest:
        return file  # sent twice: it is there already
    room_for(client.id, kept.size)
    if file is None:
        file = ClientFile(client_id=client.id, folder_id=folder_id, name=kept.filename, name_key=key_of(ClientFile, kept.filename), number=0)
    return new_version(file, kept.key, kept.media_type, kept.size, kept.digest, by)


def new_version(file: ClientFile, key: str, media_type: str, size: int, digest: str, by: str) -> ClientFile:
    file.number, file.key, file.media_type, file.size, file.digest, file.by = file.number + 1, key, media_type, size, digest, by
    with verb(db.session(), ALL):
        db.session.add(file)
        db.session.flush()
        db.session.add(ClientFileVersion(client_id=file.client_id, file_id=file.id, number=file.number, key=key, media_type=media_type, size=size, digest=digest, by=by))
    return file


def restore_version(file: ClientFile, number: int, by: str) -> None:
    """An earlier version becomes the latest; the one in between stays."""
    held = db.session.scalar(select(ClientFileVersion).where(ClientFileVersion.file_id == file.id, ClientFileVersion.number == number))
    if held is None or number == file.number:
        raise RuleBroken(STALE)
    new_version(file, held.key, held.media_type, held.size, held.digest, by)


def rename(file: ClientFile, name: str) -> None:
    """Under another name; its ending stays, for it says what is in it."""
    stem, dot, ending = file.name.rpartition(".")
    name = clean_name(name, 180)
    name = name if not dot or name.lower().endswith(f".{ending.lower()}") else f"{name}.{ending}"
    place(file, file.folder_id, name)


def place(file: ClientFile, folder_id: int | None, name: str) -> None:
    """Into a folder under a name; what stands there already keeps it, and the newcomer gets a number."""
    here = ClientFile.folder_id == folder_id if folder_id is not None else ClientFile.folder_id.is_(None)
    taken = set(
        db.session.scalars(select(ClientFile.name_key).where(ClientFile.client_id == file.client_id, here, ClientFile.id != file.id, ClientFile.deleted_at.is_(None)))
    )
    wanted = free_name(ClientFile, name, taken)
    with verb(db.session(), ALL):
        file.folder_id, file.name, file.name_key = folder_id, wanted, key_of(ClientFile, wanted)


def move(file: ClientFile, into: int | None) -> None:
    if into is not None and into not in folders_of(file.client_id):
        raise RuleBroken(STALE)
    place(file, into, file.name)


def share(file: ClientFile, shared: bool) -> None:
    """Whether the client finds it in its own space."""
    with verb(db.session(), ALL):
        file.shared = shared


def throw_away(file: ClientFile) -> None:
    with verb(db.session(), ALL):
        file.deleted_at, file.shared = now(), False


def have_back(file: ClientFile) -> None:
    if file.deleted_at is None:
        raise RuleBroken(STALE)
    with verb(db.session(), ALL):
        file.deleted_at = None
    place(file, file.folder_id, file.name)


def empty_bin(client_id: int, by: str, by_id: int) -> int:
    """Lets go for good of what a client's bin holds; returns how many files. The caller has found the client under its own scope."""
    with crossing(reading=False) as session:
        session.info.update(actor=by, actor_id=by_id)
        held = list(session.scalars(select(ClientFile).where(ClientFile.client_id == client_id, ClientFile.deleted_at.is_not(None))))
        for file in held:
            session.delete(file)
        session.commit()
        return len(held)


def size_words(size: int) -> str:
    """A size as people read it."""
    mega = size / 1024 / 1024
    return gettext("%(size)s MB", size=format_decimal(round(mega, 1))) if mega >= 1 else gettext("%(size)s KB", size=max(1, size // 1024) if size else 0)


# --- in time --------------------------------------------------------------------------------------


@jobs.kind("empty_bins", _("Let go of files that were thrown away"), lane=Lane.LONG)
def empty_bins(run: jobs.Run) -> None:
    """What was thrown away a month ago goes for good; its bytes go once no row names them (the night's sweep)."""
    with crossing() as session:
        ids = list(session.scalars(select(ClientFile.id).where(ClientFile.deleted_at < now() - KEPT_AFTER).order_by(ClientFile.id)))
    for file_id in ids:
        with crossing(reading=False) as session:
            file = session.get(ClientFile, file_id)
            if file is not None and file.deleted_at is not None and file.deleted_at < now() - KEPT_AFTER:
                session.delete(file)
            session.commit()
        run.renew()


schedules.daily("empty_bins", time(3, 10))

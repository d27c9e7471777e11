"""Files in a folder of this machine, spread over 256 subfolders."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from app.connectors.files import OWNER, FileMissing

PIECE = 64 * 1024


class LocalStore:
    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def path(self, key: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{40}", key):
            raise FileMissing(key)
        return self.folder / key[:2] / key

    def put(self, key: str, content: bytes) -> None:
        """Writes once; an existing key is refused (FileExistsError). The file appears whole or not at all."""
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        try:
            with open(part, "xb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            os.link(part, path)
        finally:  # a full disk keeps no half file
            part.unlink(missing_ok=True)

    def remove(self, key: str) -> None:
        """Forgets a file; one that is not there is forgotten already."""
        self.path(key).unlink(missing_ok=True)

    def every_key(self, before: datetime | None = None) -> Iterator[str]:
        for path in sorted(self.folder.glob("??/*")):
            if re.fullmatch(r"[0-9a-f]{40}", path.name) and (before is None or path.stat().st_mtime < before.timestamp()):
                yield path.name

    def read(self, key: str) -> Iterator[bytes]:
        path = self.path(key)
        if not path.is_file():
            raise FileMissing(key)

        def pieces() -> Iterator[bytes]:
            with open(path, "rb") as source:
                while piece := source.read(PIECE):
                    yield piece

        return pieces()

    def own(self, house: str, instead_of: str = "") -> str:
        """Notes whose files these are, unless that is noted already (by the one that is meant to be replaced: over it); returns whose."""
        note, part = self.folder / OWNER, self.folder / f"{OWNER}.{secrets.token_hex(8)}"
        self.folder.mkdir(parents=True, exist_ok=True)
        if instead_of and note.is_file() and note.read_text() == instead_of:
            note.unlink()
        part.write_text(house)
        try:
            with suppress(FileExistsError):
                os.link(part, note)  # whole, or not at all, also for those who look at the same moment
        finally:
            part.unlink()
        return note.read_text()

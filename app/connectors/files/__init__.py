"""Where files lie: put once under a new key, read back as a stream. The row that names the key is written after the bytes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Protocol


class FileMissing(Exception):
    """The row is there and its bytes are not."""


class Store(Protocol):
    def put(self, key: str, content: bytes) -> None: ...

    def read(self, key: str) -> Iterator[bytes]: ...

    def remove(self, key: str) -> None: ...

    def every_key(self, before: datetime | None = None) -> Iterator[str]:
        """The key of every file that is kept, or of those kept before a moment."""
        ...


chosen: Store


def choose(folder: str) -> None:
    global chosen
    chosen = LocalStore(folder)


def new_key() -> str:
    """A name that says nothing about the file and cannot be guessed."""
    return secrets.token_hex(20)


from app.connectors.files.local import LocalStore  # noqa: E402 - it needs the names above

"""Where files lie: put once under a new key, read back as a stream. The row that names the key is written after the bytes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Protocol


class FileMissing(Exception):
    """The row is there and its bytes are not."""


class StoreGone(OSError):
    """The store does not answer, or refuses: nothing is known of the file."""


class StoreRefuses(StoreGone):
    """The store answers, and says no: there is no such bucket, or the keys do not open it. Waiting does not help."""


OWNER = "owner"  # beside the files: the house whose files these are


class Store(Protocol):
    def put(self, key: str, content: bytes) -> None: ...

    def read(self, key: str) -> Iterator[bytes]: ...

    def remove(self, key: str) -> None: ...

    def every_key(self, before: datetime | None = None) -> Iterator[str]:
        """The key of every file that is kept, or of those kept before a moment."""
        ...

    def own(self, house: str, instead_of: str = "") -> str:
        """Notes whose files these are, unless that is noted already (by the one that is meant to be replaced: over it); returns whose."""
        ...


chosen: Store


def choose(folder: str, address: str = "", endpoint: str = "", region: str = "") -> None:
    """`address` is empty for the folder, or s3://bucket/prefix."""
    global chosen
    if not address:
        chosen = LocalStore(folder)
        return
    bucket, _slash, prefix = address.removeprefix("s3://").partition("/")
    if not address.startswith("s3://") or not bucket:
        raise ValueError(f"FILE_STORE must be s3://bucket or s3://bucket/prefix, not {address}")
    from app.connectors.files.s3 import BucketStore  # its library is loaded only where there is a bucket

    chosen = BucketStore(bucket, prefix, endpoint, region)


def new_key() -> str:
    """A name that says nothing about the file and cannot be guessed."""
    return secrets.token_hex(20)


from app.connectors.files.local import LocalStore  # noqa: E402 - it needs the names above

"""Files in a bucket of an S3 service, whoever runs it. Known to work with what speaks conditional writes (If-None-Match)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from app.connectors.files import OWNER, FileMissing, StoreGone, StoreRefuses

PIECE = 1024 * 1024
# A page that waits for a store that is gone says so within three seconds (TRUST.md). The library's time-out covers an answer with its
# whole body, so what is asked for in a hurry is small: a head, a piece of a file. A whole file may take its time to arrive, once the
# store has shown that it is there.
HURRY, PATIENCE = {"connect_timeout": "1s", "timeout": "2s"}, {"connect_timeout": "1s", "timeout": "60s"}
BACK_OFF: Any = {"init_backoff": timedelta(milliseconds=50), "max_backoff": timedelta(milliseconds=200), "base": 2}
AGAIN: Any = {"max_retries": 2, "retry_timeout": timedelta(seconds=1), "backoff": BACK_OFF}
# A write is not tried again: had the first one arrived after all, the second would be told that the key is taken.
ONCE: Any = {"max_retries": 0, "retry_timeout": timedelta(seconds=1), "backoff": BACK_OFF}


@contextmanager
def told(deed: str, key: str) -> Iterator[None]:
    """Says in the connector's words what the service answers."""
    try:
        yield
    except FileNotFoundError as none:
        if "NoSuchBucket" in str(none):
            raise StoreRefuses(f"there is no such bucket: {none}") from none
        raise FileMissing(key) from none
    except (PermissionDeniedError, UnauthenticatedError) as refusal:
        raise StoreRefuses(f"the bucket does not {deed} {key}: {refusal}") from refusal
    except BaseError as fault:
        raise StoreGone(f"the bucket does not {deed} {key}: {fault}") from fault


class BucketStore:
    """Credentials come from the environment, under the names every tool of S3 reads: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."""

    def __init__(self, bucket: str, prefix: str, endpoint: str, region: str) -> None:
        said = {"aws_conditional_put": "etag", "region": region or "us-east-1"} | ({"endpoint": endpoint} if endpoint else {})
        known = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN") if os.environ.get(name)}
        plain = {"allow_http": True} if endpoint.startswith("http://") else {}

        def store(pace: Any, tries: Any) -> S3Store:
            return S3Store(bucket, prefix=prefix or None, config=said | known, client_options=pace | plain, retry_config=tries)

        self.quick, self.patient, self.listing = store(HURRY, AGAIN), store(PATIENCE, ONCE), store(PATIENCE, AGAIN)

    def place(self, key: str) -> str:
        if not re.fullmatch(r"[0-9a-f]{40}", key):
            raise FileMissing(key)
        return f"{key[:2]}/{key}"

    def put(self, key: str, content: bytes) -> None:
        """Writes once; an existing key is refused (FileExistsError). The file appears whole or not at all."""
        place = self.place(key)
        with told("take", key), suppress(FileNotFoundError):
            obstore.head(self.quick, place)
            raise FileExistsError(key)
        with told("take", key):
            try:
                obstore.put(self.patient, place, content, mode="create", use_multipart=False)
            except AlreadyExistsError as held:
                raise FileExistsError(key) from held
            except FileNotFoundError as none:
                raise StoreRefuses(f"there is no such bucket: {none}") from none

    def read(self, key: str) -> Iterator[bytes]:
        place = self.place(key)
        with told("give", key):
            try:
                first = obstore.get(self.quick, place, options={"range": (0, PIECE)})
            except BaseError as fault:
                if " 416 " not in str(fault):
                    raise
                return iter(())  # of an empty file there is no range
            size, begun = first.meta["size"], bytes(first.bytes())

        def pieces() -> Iterator[bytes]:
            yield begun
            for start in range(len(begun), size, PIECE):
                with told("give the rest of", key):
                    piece = bytes(obstore.get_range(self.quick, place, start=start, length=PIECE))
                yield piece

        return pieces()

    def remove(self, key: str) -> None:
        """Forgets a file; one that is not there is forgotten already."""
        place = self.place(key)
        with suppress(FileMissing), told("forget", key):
            obstore.delete(self.quick, place)

    def every_key(self, before: datetime | None = None) -> Iterator[str]:
        with told("say what it holds of", "files"):
            for some in obstore.list(self.listing):
                for each in some:
                    name = each["path"].rsplit("/", 1)[-1]
                    if re.fullmatch(r"[0-9a-f]{40}", name) and (before is None or each["last_modified"] < before):
                        yield name

    def own(self, house: str, instead_of: str = "") -> str:
        """Notes whose files these are, unless that is noted already (by the one that is meant to be replaced: over it); returns whose."""
        with told("note", OWNER):
            with suppress(FileNotFoundError):  # nobody's yet
                if instead_of and self.owner() == instead_of:
                    obstore.delete(self.quick, OWNER)
            with suppress(AlreadyExistsError):
                obstore.put(self.quick, OWNER, house.encode(), mode="create", use_multipart=False)
            return self.owner()

    def owner(self) -> str:
        return bytes(obstore.get(self.quick, OWNER).bytes()).decode()

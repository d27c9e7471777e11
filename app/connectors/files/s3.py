"""Files in a bucket of an S3 service, whoever runs it. Known to work with what speaks conditional writes (If-None-Match)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from app.connectors.files import FileMissing, StoreGone

PIECE = 64 * 1024
# A page that waits for a store that is gone says so within three seconds (TRUST.md).
PATIENCE = {"connect_timeout": "1s", "timeout": "30s"}
TRIES = {
    "max_retries": 1,
    "retry_timeout": timedelta(seconds=2),
    "backoff": {"init_backoff": timedelta(milliseconds=50), "max_backoff": timedelta(milliseconds=500), "base": 2},
}


class BucketStore:
    """Credentials come from the environment, under the names every tool of S3 reads: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."""

    def __init__(self, bucket: str, prefix: str, endpoint: str, region: str) -> None:
        said = {"aws_conditional_put": "etag", "region": region or "us-east-1"} | ({"endpoint": endpoint} if endpoint else {})
        known = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN") if os.environ.get(name)}
        plain = {"allow_http": True} if endpoint.startswith("http://") else {}
        self.store = S3Store(bucket, prefix=prefix or None, config=said | known, client_options=PATIENCE | plain, retry_config=TRIES)

    def place(self, key: str) -> str:
        if not re.fullmatch(r"[0-9a-f]{40}", key):
            raise FileMissing(key)
        return f"{key[:2]}/{key}"

    def put(self, key: str, content: bytes) -> None:
        """Writes once; an existing key is refused (FileExistsError). The file appears whole or not at all."""
        place = self.place(key)
        try:
            obstore.put(self.store, place, content, mode="create", use_multipart=False)
        except AlreadyExistsError as held:
            raise FileExistsError(key) from held
        except BaseError as fault:
            raise StoreGone(f"the bucket does not take {key}: {type(fault).__name__}") from fault

    def read(self, key: str) -> Iterator[bytes]:
        place = self.place(key)
        try:
            pieces = obstore.get(self.store, place).stream(min_chunk_size=PIECE)
        except FileNotFoundError as none:
            raise FileMissing(key) from none
        except BaseError as fault:
            raise StoreGone(f"the bucket does not give {key}: {type(fault).__name__}") from fault

        def each() -> Iterator[bytes]:
            try:
                yield from map(bytes, pieces)
            except BaseError as fault:
                raise StoreGone(f"the bucket broke off {key}: {type(fault).__name__}") from fault

        return each()

    def remove(self, key: str) -> None:
        """Forgets a file; one that is not there is forgotten already."""
        try:
            obstore.delete(self.store, self.place(key))
        except FileNotFoundError:
            pass
        except BaseError as fault:
            raise StoreGone(f"the bucket does not forget {key}: {type(fault).__name__}") from fault

    def every_key(self, before: datetime | None = None) -> Iterator[str]:
        try:
            for some in obstore.list(self.store):
                for each in some:
                    name = each["path"].rsplit("/", 1)[-1]
                    if re.fullmatch(r"[0-9a-f]{40}", name) and (before is None or each["last_modified"] < before):
                        yield name
        except BaseError as fault:
            raise StoreGone(f"the bucket does not say what it holds: {type(fault).__name__}") from fault

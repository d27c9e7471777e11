"""A server of S3 on this machine, for the tests of files in a bucket."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from unittest.mock import patch

import boto3
import httpx
from moto.server import ThreadedMotoServer

KEYS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests"}


class Bucket:
    """A bucket called "house" and the server that keeps it."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        self.address = "http://{}:{}".format(*self.server.get_host_and_port())
        httpx.post(f"{self.address}/moto-api/reset")  # servers of one process share what they keep
        boto3.client("s3", endpoint_url=self.address, region_name="us-east-1").create_bucket(Bucket="house")

    def stop(self) -> None:
        self.server.stop()


@contextmanager
def a_bucket() -> Iterator[Bucket]:
    with patch.dict(os.environ, KEYS):
        bucket = Bucket()
        try:
            yield bucket
        finally:
            bucket.stop()


class Scripted:
    """A service that answers every request alike: with nothing at all (mute), a refusal, or half of what it promised."""

    def __init__(self, answer: bytes | None) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.answer, self.lines = answer, list[socket.socket]()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                line, _from = self.listening.accept()
            except OSError:
                return
            self.lines.append(line)  # kept, so that it stays open
            if self.answer is not None:
                threading.Thread(target=self.answer_on, args=(line,), daemon=True).start()

    def answer_on(self, line: socket.socket) -> None:
        with suppress(OSError):
            line.recv(65_536)
            line.sendall(self.answer or b"")
            line.close()

    def stop(self) -> None:
        for each in (self.listening, *self.lines):
            with suppress(OSError):
                each.close()


FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nContent-Length: 72\r\nConnection: close\r\n\r\n"
FORBIDDEN += b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
HALF = b'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-99/100\r\nContent-Length: 100\r\nETag: "x"\r\nLast-Modified: Thu, 26 Nov 2026 10:00:00 GMT\r\n\r\nhalf'


@contextmanager
def scripted(answer: bytes | None) -> Iterator[Scripted]:
    with patch.dict(os.environ, KEYS):
        server = Scripted(answer)
        try:
            yield server
        finally:
            server.stop()

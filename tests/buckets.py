"""A server of S3 on this machine, for the tests of files in a bucket."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
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

"""Files in a bucket: the same pages, and what they say when the bucket is gone. TRUST.md, faults."""

from __future__ import annotations

import hashlib
import io
import time

import pytest

from app import models as m
from app.connectors import files
from app.connectors.files.s3 import BucketStore
from tests.buckets import a_bucket
from tests.clients import EN, a_client
from tests.trust.test_faults import PIECE
from tests.views.test_registration import a_picture


@pytest.fixture
def bucket(house, monkeypatch):
    with a_bucket() as found:
        monkeypatch.setattr(files, "chosen", BucketStore("house", "files", found.address, ""))
        yield found


def test_a_drive_lies_in_a_bucket(house, cast, bucket):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    sent = {"folder": "", "files": [(io.BytesIO(a_picture("PNG")), "plan.png"), (io.BytesIO(a_picture()), "photo.jpg")]}
    owner.post(f"/portal/clients/{client.id}/drive/upload", sent)
    kept = cast.read(lambda session: session.query(m.ClientFile).order_by(m.ClientFile.id).all())
    assert [file.name for file in kept] == ["plan.png", "photo.jpg"]
    assert sorted(files.chosen.every_key()) == sorted(file.key for file in kept)
    shown = owner.get(f"/portal/client-files/{kept[0].id}/file")
    assert (shown.status_code, len(shown.data)) == (200, kept[0].size)
    assert hashlib.sha256(shown.data).hexdigest() == kept[0].digest


def test_a_bucket_that_is_gone_is_said_within_three_seconds_and_loses_nothing(house, cast, bucket):
    owner = cast.client_for("owner")
    sent = lambda: PIECE | {"file": (io.BytesIO(a_picture()), "kbis.jpg")}  # noqa: E731 - a stream can be sent once
    assert owner.post("/portal/documents/new", sent(), **EN).status_code == 302
    kept = cast.read(lambda session: session.query(m.Document).one())
    bucket.stop()
    begun = time.perf_counter()
    refused = owner.post("/portal/documents/new", sent(), **EN)
    took = time.perf_counter() - begun
    assert (refused.status_code, "could not be kept just now" in refused.text) == (422, True)
    begun = time.perf_counter()
    shown = owner.get(f"/portal/files/documents/{kept.id}", **EN)
    assert (shown.status_code, "not available for a moment" in shown.text) == (503, True)
    print(f"\nbucket gone: upload refused in {took:.2f} s, download in {time.perf_counter() - begun:.2f} s (asked: 3); documents lost {1 - cast.count(m.Document)}")
    assert cast.count(m.Document) == 1

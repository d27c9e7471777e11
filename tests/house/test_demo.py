"""The demo house loads on both databases, whole, and once."""

from __future__ import annotations

import pytest

from app import models as m
from app.extensions import db
from app.models.scope import SYSTEM, acting
from app.services import demo, history, signing
from app.services.crossings import crossing


@pytest.mark.slow
def test_the_demo_house_loads_whole_and_once(house, cast):
    with house.test_request_context(), acting(db.session(), SYSTEM, "demo"):
        assert demo.load()
        db.session.commit()
        assert not demo.load(), "the second time somebody has been here before"
        agreements = db.session.scalars(m.Agreement.__table__.select().with_only_columns(m.Agreement.id)).all()
        stands = [signing.verify(b"".join(signing.files.read(db.session.get_one(m.Agreement, key).newest_key))).is_ours for key in agreements]
        with crossing(piecemeal=True) as session:
            assert history.broken_places(session) == []
    assert all(stands)
    assert len(stands) > 10
    assert cast.count(m.Agreement, m.Agreement.status == m.AgreementStatus.TO_SIGN) == 1, "an amendment waits for its signature"
    assert cast.count(m.Partner, m.Partner.status == m.PartnerStatus.PENDING_VALIDATION) == 1
    assert cast.client_for("administrator").get("/").status_code == 200

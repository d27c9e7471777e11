"""Every list, every column: orders, cursors, filters; and what is written when a record moves, goes or is raced for."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sqlalchemy.orm.exc import StaleDataError

from app import models as m
from app.extensions import db
from app.models.scope import STAFF_SCOPE, acting
from app.services import partners
from app.views.base.columns import column_of
from app.views.base.entity import EntityView
from app.views.base.listing import Asked, Listing, filter_names
from tests.trust.world import build


def lists(app):
    return [view for view in app.extensions["appbuilder"].baseviews if isinstance(view, EntityView)]


def test_every_column_of_every_list_sorts_pages_and_filters(house, cast):
    """Page by page with one row each, forwards and backwards; then each filter with a good, an empty and a senseless value."""
    build(cast)
    tried = 0
    with house.test_request_context(), acting(db.session(), STAFF_SCOPE, "tests"):
        for view in lists(house):
            for sort in ["", *(sign + name for name in view.sort or [] for sign in ("", "-"))]:
                tried += 1
                forwards, asked = [], Asked(sort=sort, size=1)
                for _page in range(3):
                    rows = Listing(view.model, view.list_columns, asked, db.session()).rows()
                    forwards += [row.id for row in rows.rows]
                    if not rows.has_next:
                        break
                    asked = Asked(sort=sort, size=1, after=json.loads(rows.last_key)) if rows.last_key else Asked(sort=sort, size=1, page=asked.page + 1)
                everything = [row.id for row in Listing(view.model, view.list_columns, Asked(sort=sort, size=100), db.session()).rows().rows]
                assert forwards == everything[: len(forwards)], (view.endpoint, sort)
    print(f"\nlists × orders: {tried}")
    visitor, wrong = cast.client_for("administrator"), []
    for view in lists(house):
        if view.frame == "portal":
            continue
        for column in [column_of(view.model, name) for name in view.filters or []]:
            for key in filter_names(column):
                for value in ("2026-01-01", "1", "none", "active", "", "²", "9" * 30, "x'\"%_/", "\x00", "-1e99"):
                    tried += 1
                    status = visitor.get(f"{view.route_base}/", query_string={key: value}).status_code
                    wrong += [(view.endpoint, key, value, status)] if status != 200 else []
        for after in ('["²",1]', '["--5",1]', "[100000000000000000000000,1]", "[true,1]", '["2026-01-01",1]', "[null,1]", "{}", '["x",-1]', "[[],1]"):
            for sort in view.sort or ["id"]:
                status = visitor.get(f"{view.route_base}/", query_string={"sort": sort, "after": after}).status_code
                wrong += [(view.endpoint, sort, after, status)] if status != 200 else []
    assert wrong == []


def test_a_day_bounds_a_moment_by_the_houses_midnight(house, cast):
    client = cast.client(cast.partner(), last_name="Minuit", created_at=datetime(2026, 3, 1, 22, 30, tzinfo=UTC))  # 23:30 in Paris
    visitor = cast.client_for("administrator")
    assert "Minuit" in visitor.get("/clients/?created_at_from=2026-03-01&created_at_to=2026-03-01").text
    assert "Minuit" not in visitor.get("/clients/?created_at_from=2026-03-02").text
    late = cast.client(cast.partner(), last_name="Apresminuit", created_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC))  # 00:30 the next day
    assert "Apresminuit" not in visitor.get("/clients/?created_at_to=2026-03-01").text
    assert client.id != late.id


def test_a_deleted_client_takes_its_rows_along_and_history_sees_each(house, cast):
    client = cast.client(cast.partner())
    cast.add(m.Signatory(client_id=client.id, first_name="A", last_name="B", is_principal=True))
    cast.add(m.ClientReference(client_id=client.id, supplier_id=cast.supplier().id, reference="R1"))
    visitor = cast.client_for("administrator")
    sent = {"version": client.version}
    for wrong in ("", "Somebody else"):  # what takes others along is confirmed by words
        refused = visitor.post(f"/clients/{client.id}/delete", sent | {"name_again": wrong}, headers={"Accept-Language": "en"})
        assert refused.status_code == 422
        assert "This is not the name of the client." in refused.text
    assert cast.count(m.Client) == 1
    assert visitor.post(f"/clients/{client.id}/delete", sent | {"name_again": f" {client.name.upper()} "}).status_code == 302
    deleted = cast.read(lambda session: {entry.entity for entry in session.query(m.History).filter_by(deed=m.Deed.DELETED)})
    assert deleted == {"Client", "Signatory", "ClientReference"}


def test_a_client_moves_with_its_contracts_and_leaves_its_adviser(house, cast):
    here, there = cast.partner(), cast.partner()
    adviser = cast.member(here)
    client = cast.client(here, adviser_id=adviser.id)
    contract = cast.contract(here, client)
    sent = {"kind": "person", "last_name": "Durand", "partner_id": there.id, "adviser_id": adviser.id, "status": "client", "version": client.version}
    assert cast.client_for("administrator").post(f"/clients/{client.id}/edit", sent).status_code == 302
    assert cast.get(m.Client, client.id).partner_id == there.id
    assert cast.get(m.Client, client.id).adviser_id is None
    assert cast.get(m.Contract, contract.id).partner_id == there.id


def test_an_emptied_field_takes_its_default(house, cast):
    partner = cast.partner(name="", siren=None, rcs_town=None, city=None, status=m.PartnerStatus.DRAFT, email="way-b@example.org")
    sent = {"name": "", "kind": "insurance_broker", "exercise": "commercial", "email": "way-b@example.org", "phone": "0123456789", "version": partner.version}
    assert cast.client_for("administrator").post(f"/partners/{partner.id}/edit", sent).status_code == 302
    assert cast.get(m.Partner, partner.id).phone == "0123456789"


def test_a_lost_race_is_a_page_and_not_a_fault(house, cast, monkeypatch):
    partner = cast.partner()

    def lost(*_args):
        raise StaleDataError("somebody else was faster")

    monkeypatch.setattr(partners, "suspend", lost)
    answer = cast.client_for("administrator").post("/partners/action/suspend", {"ids": partner.id, "confirmed": "1", "reason": "x"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 409
    assert "Somebody else has just changed the same thing." in answer.text

"""Deleting a client: what goes, what is locked and until when, and that nothing is left of it afterwards."""

from __future__ import annotations

import json
import os
from datetime import timedelta

from sqlalchemy import text

from app import models as m
from app.connectors import files as store
from app.services import erasure, history, housekeeping
from app.services.crossings import crossing
from tests.clients import BOLD, EN, a_client, run_job

SECRET = "Zzsecretissime"


def full_client(cast, status=m.ClientStatus.PROSPECT):
    """A client with one of everything; every text of it carries the mark."""
    partner, client = a_client(cast, last_name=SECRET, city=SECRET, status=status)
    owner = cast.client_for("owner", partner)
    owner.post(f"/portal/clients/{client.id}/qpr/answer", BOLD)
    owner.post(f"/portal/clients/{client.id}/qcf/send", {"email": client.email})
    cast.add(m.Signatory(client_id=client.id, first_name="A", last_name=SECRET, is_principal=True))
    cast.add(m.ClientReference(client_id=client.id, supplier_id=cast.supplier().id, reference=SECRET))
    cast.add(m.DataRequest(client_id=client.id, kind=m.RequestKind.ACCESS, text=SECRET))
    cast.client_file(client, name=f"{SECRET}.pdf")
    return partner, cast.get(m.Client, client.id), owner


def delete(owner, client, name=None):
    return owner.post(f"/portal/clients/{client.id}/delete", {"version": client.version, "name_again": client.full_name if name is None else name}, **EN)


def forget(house, cast):
    """The jobs that erase what history held, which came to be with the deletion."""
    for job in cast.read(lambda session: session.query(m.Job).filter_by(kind="forget_history").all()):
        run_job(house, erasure.forget_history, **job.facts)


def everywhere(cast):
    """Every text of every table."""

    def look(session):
        found = {}
        for table in m.Model.metadata.sorted_tables:
            rows = session.execute(text(f'SELECT * FROM "{table.name}"')).all()
            if hits := [row for row in rows if SECRET in str(row)]:
                found[table.name] = len(hits)
        return found

    return cast.read(look)


def test_a_prospect_goes_at_once_and_leaves_nothing(house, cast):
    partner, client, owner = full_client(cast)
    page = owner.get(f"/portal/clients/{client.id}/admin", **EN).text
    assert "nothing has to be kept" in page
    answer = delete(owner, client)
    assert answer.headers["Location"] == "/portal/clients/"
    forget(house, cast)
    assert everywhere(cast) == {}, "not in history either"
    with house.app_context(), crossing(piecemeal=True) as session:
        assert history.broken_places(session) == [], "and its chain still holds"
    assert owner.get(f"/portal/clients/{client.id}").status_code == 404
    with house.app_context():
        for key in store.chosen.every_key():
            os.utime(store.chosen.path(key), (1, 1))
        assert housekeeping.put_away_files() >= 2
        assert list(store.chosen.every_key()) == []


def test_a_client_is_locked_for_five_years_out_of_every_list_and_then_goes(house, cast):
    partner, client, owner = full_client(cast, m.ClientStatus.CLIENT)
    cast.contract(partner, client, status=m.ContractStatus.ENDED, number="FINI-1")
    page = owner.get(f"/portal/clients/{client.id}/admin", **EN).text
    assert "stays locked until" in page
    assert "CMF L561-12" in page
    assert delete(owner, client).status_code == 302
    locked = cast.read(lambda session: session.query(m.LockedFile).one())
    assert locked.until == m.today().replace(year=m.today().year + 5)
    assert locked.content["contracts"][0]["number"] == "FINI-1"
    assert locked.content["answers"][0]["class"]
    assert cast.count(m.Contract) == 0, "an ended contract would be an orphan"
    assert cast.count(m.LockedBytes) == 2
    assert "is locked until" in owner.get("/portal/clients/", **EN).text
    for visitor, paths in (
        (owner, ("/portal/clients/", "/portal/contracts/", f"/search/?q={SECRET}")),
        (cast.client_for("manager"), ("/clients/", f"/search/?q={SECRET}")),
    ):
        for path in paths:
            assert SECRET not in visitor.get(path).text.replace(f'value="{SECRET}"', "").replace(f"\u00a0{SECRET}\u00a0", "").replace(f"q={SECRET}", ""), path
    assert cast.client_for("manager").get(f"/locked-files/{locked.id}").status_code == 403
    compliance = cast.client_for("compliance")
    assert SECRET in compliance.get("/locked-files/").text
    assert json.loads(compliance.get(f"/locked-files/{locked.id}/content.json").get_data())["client"]["city"] == SECRET
    assert cast.count(m.History, m.History.entity == "LockedFile", m.History.deed == m.Deed.SEEN) == 1
    run_job(house, erasure.open_locks)
    assert cast.count(m.LockedFile) == 1, "not before its day"
    with cast.writing() as session:
        session.query(m.LockedFile).one().until = m.today() - timedelta(days=1)
    run_job(house, erasure.open_locks)
    forget(house, cast)
    assert everywhere(cast) == {}
    assert (cast.count(m.LockedFile), cast.count(m.LockedBytes)) == (0, 0)
    with house.app_context(), crossing(piecemeal=True) as session:
        assert history.broken_places(session) == []


def test_who_still_holds_contracts_or_belongs_to_a_couple_is_not_deleted(house, cast):
    partner, client, owner = full_client(cast)
    contract = cast.contract(partner, client)
    assert "still holds contracts" in delete(owner, client).text
    with cast.writing() as session:
        session.get_one(m.Contract, contract.id).status = m.ContractStatus.ENDED
    _partner, other = a_client(cast, partner=partner)
    cast.client(partner, kind=m.ClientKind.COUPLE, last_name="Deux", first_person_id=client.id, second_person_id=other.id)
    assert "belongs to the couple" in delete(owner, client).text
    assert cast.count(m.Client) == 3


def test_the_name_is_typed_and_a_stale_page_deletes_nothing(house, cast):
    partner, client, owner = full_client(cast)
    wrong = delete(owner, client, "Durand")
    assert wrong.status_code == 422
    assert "This is not the name" in wrong.text.split('id="name_again_help"')[1][:300]
    assert 'value="Durand"' in wrong.text
    with cast.writing() as session:
        session.get_one(m.Client, client.id).phone = "0102030405"
    assert "has changed this client meanwhile" in delete(owner, client).text
    assert cast.client_for("member", partner).post(f"/portal/clients/{client.id}/delete", {}).status_code == 403
    assert cast.count(m.Client) == 1
    fresh = cast.get(m.Client, client.id)
    assert delete(owner, fresh, f"{SECRET.lower()} alice").status_code == 302, "accents and case do not matter"
    assert delete(owner, fresh).status_code == 404, "a second post finds nobody"


def test_everything_about_a_client_comes_as_data_and_as_a_document(house, cast):
    partner, client, owner = full_client(cast)
    cast.contract(partner, client, number="VIE-1")
    content = json.loads(owner.get(f"/portal/clients/{client.id}/export.json").get_data())
    assert content["client"]["last_name"] == SECRET
    assert content["signatories"][0]["last_name"] == SECRET
    assert content["references"][0]["reference"] == SECRET
    assert content["contracts"][0]["number"] == "VIE-1"
    assert content["requests"][0]["text"] == SECRET
    assert content["files"][0]["name"] == f"{SECRET}.pdf"
    assert {"question": "When will you need this money?", "answer": "In more than eight years"} in content["answers"][0]["answers"] or content["answers"][0]["answers"]
    assert content["mails"][0]["to"] == "alice@example.org"
    assert "/space/enter/" not in json.dumps(content), "no link that opens anything"
    document = owner.get(f"/portal/clients/{client.id}/export.pdf")
    assert document.get_data()[:5] == b"%PDF-"
    stranger = cast.client_for("owner")
    for kind in ("json", "pdf"):
        assert stranger.get(f"/portal/clients/{client.id}/export.{kind}").status_code == 404
        assert cast.client_for("read_only", partner).get(f"/portal/clients/{client.id}/export.{kind}").status_code == 403


def test_who_has_been_advised_is_no_mere_prospect(house, cast):
    partner, client = a_client(cast)
    cast.client_paper(client, kind=m.ClientPaperKind.MISSION, status=m.ClientPaperState.SIGNED, signed_at=m.now(), signed_by="A")
    complaint = cast.add(m.Complaint(partner_id=partner.id, client_id=client.id, subject="x", text="x"))
    assert delete(cast.client_for("owner", partner), client).status_code == 302
    assert cast.count(m.LockedFile) == 1
    assert cast.get(m.Complaint, complaint.id).client_name == "Durand Alice", "the register still says who complained"
    with cast.writing() as session:
        session.query(m.LockedFile).one().until = m.today()
    run_job(house, erasure.open_locks)
    assert cast.get(m.Complaint, complaint.id).client_name is None

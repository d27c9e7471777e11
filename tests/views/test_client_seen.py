"""What staff see of a client beside its data: how its partner sees it, and what is to be done about it."""

from __future__ import annotations

import re

from app import models as m
from tests.clients import EN, a_client
from tests.views.making_fields import make

# --- what a partner sees --------------------------------------------------------------------------


def test_staff_see_a_client_as_each_role_of_its_partner_does(house, cast):
    partner, client = a_client(cast, birth_place="Zzville")
    limited = cast.member(partner, "member", own_clients_only=True, first_name="Limitée")
    make(cast.client_for("administrator"), "text", names_fr="Secret maison", names_en="House secret")
    manager = cast.client_for("manager")
    for role, level in (("owner", "Everything, deletion included"), ("member", "Read and write"), ("read_only", "Read")):
        page = manager.get(f"/clients/{client.id}/disclosure?role={role}", **EN).text
        shown, rest = page.split("Not shown")
        assert "Zzville" in shown
        assert "House secret" not in shown
        assert ">Partner<" in rest.split("What this role may do")[0], "whose client it is goes without saying on the portal"
        assert f"<dd>{level}</dd>" in rest
    seen = manager.get(f"/clients/{client.id}/disclosure?role=member", **EN).text
    assert "does not see this client" in seen
    assert limited.first_name in seen
    portal = cast.client_for("owner", partner).get(f"/portal/clients/{client.id}", **EN).text
    labels = re.findall(r"<dt>([^<]+)</dt>", manager.get(f"/clients/{client.id}/disclosure", **EN).text.split("Not shown")[0])
    assert labels == re.findall(r"<dt>([^<]+)</dt>", portal), "field by field what the portal shows"
    assert cast.client_for("owner", partner).get(f"/clients/{client.id}/disclosure").status_code == 403


# --- tasks ----------------------------------------------------------------------------------------


def test_tasks_about_a_client_stand_in_its_file_and_the_partner_completes_its_own(house, cast):
    partner, client = a_client(cast)
    elsewhere = cast.client(cast.partner())
    manager = cast.client_for("manager")
    form = {"partner_id": partner.id, "kind": "to_do", "name": "Appeler le client", "shared": "y"}
    refused = manager.post("/tasks/new", form | {"client_id": elsewhere.id}, **EN)
    assert (refused.status_code, "belongs to another partner" in refused.text.split('id="client_id_help"')[1][:400]) == (422, True)
    assert manager.post("/tasks/new", form | {"client_id": client.id}).status_code == 302
    assert manager.post("/tasks/new", form | {"client_id": client.id, "name": "Pour nous", "shared": ""}).status_code == 302
    page = manager.get(f"/clients/{client.id}", **EN).text
    assert "Appeler le client" in page
    assert "Pour nous" in page
    owner = cast.client_for("owner", partner)
    page = owner.get(f"/portal/clients/{client.id}", **EN).text
    assert "Appeler le client" in page
    assert "Pour nous" not in page
    task = cast.read(lambda session: session.query(m.Task).filter_by(shared=True).one())
    back = owner.post(f"/portal/profile/tasks/{task.id}/done", {"back": f"/portal/clients/{client.id}"})
    assert back.location.endswith(f"/portal/clients/{client.id}")
    assert owner.post(f"/portal/profile/tasks/{task.id}/done", {"back": "//evil.example"}).location.endswith("/portal/profile/")
    owner.get("/portal/")  # what was said is said once
    assert "Appeler le client" not in owner.get(f"/portal/clients/{client.id}").text
    assert "Mark as done" not in cast.client_for("read_only", partner).get(f"/portal/clients/{client.id}", **EN).text


def test_a_deleted_client_takes_its_tasks_along(house, cast):
    partner, client = a_client(cast)
    cast.add(m.Task(partner_id=partner.id, client_id=client.id, name="Appeler M. Durand"))
    cast.add(m.Task(partner_id=partner.id, name="Autre"))
    admin = cast.client_for("administrator")
    assert admin.post(f"/clients/{client.id}/delete", {"version": client.version, "name_again": client.name}).status_code == 302
    assert cast.read(lambda session: [task.name for task in session.query(m.Task)]) == ["Autre"]

"""What staff see of a client beside its data: how its partner sees it, and what is to be done about it."""

from __future__ import annotations

import re

from app import models as m
from tests.clients import EN, a_client
from tests.views.making_fields import make

# --- what a partner sees --------------------------------------------------------------------------


FACT = re.compile(r"<dt>(.*?)</dt><dd>(.*?)</dd>", re.DOTALL)


def facts(page):
    """Labels and values, without the marks beside a label."""
    return [(re.sub(r"<svg.*?</svg>|<span.*?</span>", "", label, flags=re.DOTALL).strip(), value) for label, value in FACT.findall(page)]


def test_staff_see_a_client_as_each_role_of_its_partner_does(house, cast):
    partner, client = a_client(cast, birth_place="Zzville")
    make(cast.client_for("administrator"), "text", names_fr="Secret maison", names_en="House secret")
    manager = cast.client_for("manager")
    for role, level in (("owner", "Everything, deletion included"), ("member", "Read and write"), ("read_only", "Read")):
        page = manager.get(f"/clients/{client.id}/disclosure?role={role}", **EN).text
        shown, rest = page.split("Not shown")
        assert "Zzville" in shown
        assert "House secret" not in shown
        assert ">Partner<" in rest.split("What hangs on the client")[0], "whose client it is goes without saying on the portal"
        assert f">{level}</td>" in rest
        portal = cast.client_for(role, partner).get(f"/portal/clients/{client.id}", **EN).text
        assert facts(shown) == facts(portal), "field by field, and value by value, what the portal shows"
        may_change = {label for label, _value in re.findall(r"<dt>([^<]+) <svg[^>]*>.*?</svg>(.*?)</dt>", shown, re.DOTALL)}
        form = cast.client_for(role, partner).get(f"/portal/clients/{client.id}/edit", **EN)
        assert (form.status_code == 200) == bool(may_change)
        assert "Adviser" not in may_change
        assert ("E-mail" in may_change) == (role != "read_only")
    assert cast.client_for("owner", partner).get(f"/clients/{client.id}/disclosure").status_code == 403


def test_what_hangs_on_a_client_is_counted_behind_the_partners_walls(house, cast):
    partner, client = a_client(cast)
    for shared in (True, False):
        cast.add(m.Task(partner_id=partner.id, client_id=client.id, name="Appeler", shared=shared))
    cast.client_file(client)
    page = cast.client_for("manager").get(f"/clients/{client.id}/disclosure?role=member", **EN).text
    seen = dict(re.findall(r'<th scope="row">([^<]+)</th>.*?data-label="Rows seen" class="k-number">([^<]+)</td>', page, re.DOTALL))
    assert (seen["Tasks"], seen["Files"], seen["Contracts"]) == ("1 of 2", "1 of 1", "0 of 0")


def test_who_finds_a_client_is_asked_under_each_persons_own_scope(house, cast):
    above = cast.partner(name="Maison mère")
    partner, client = a_client(cast, partner=cast.partner(parent_id=above.id))
    for home, facts_of in ((partner, {"own_clients_only": True, "first_name": "Limitée"}), (partner, {"first_name": "Libre"}), (above, {"first_name": "Dessus"})):
        cast.member(home, "member", **facts_of)
    manager = cast.client_for("manager")
    lines = re.findall(r"<li>(.*?)</li>", manager.get(f"/clients/{client.id}/disclosure?role=member", **EN).text.split("Who has this role")[1], re.DOTALL)
    told = {name: next(line for line in lines if name in line) for name in ("Limitée", "Libre", "Dessus")}
    assert "does not see this client" in told["Limitée"]
    assert "does not see" not in told["Libre"] + told["Dessus"]
    assert "Maison mère, the company above: reads only" in told["Dessus"]
    with cast.writing() as session:
        session.get(m.Partner, partner.id).status = m.PartnerStatus.CLOSED
    page = manager.get(f"/clients/{client.id}/disclosure?role=member", **EN).text
    assert "nobody sees anything at the moment" in page
    assert page.split("Who has this role")[1].count("does not see this client") == 2, "the company above still reads"


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

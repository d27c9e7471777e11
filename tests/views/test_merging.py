"""Two records of one client made one, and taken apart again."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from app import models as m
from app.models import Model
from app.services import merging
from tests.clients import EN, a_client, run_job
from tests.views.making_fields import make


@pytest.fixture
def two(cast):
    """The record that stays, with little in it, and the other one, with something of everything that hangs on a client."""
    partner, target = a_client(cast, last_name="Durand", first_name="Anne", email="anne@exemple.fr", city="Lyon", phone=None)
    source = cast.client(
        partner, last_name="DURAND", first_name="Anne-Marie", email="am@exemple.fr", phone="+33 4 78 00 00 00", street="1 rue X", postcode="69001", city="Villeurbanne",
        birth_date=date(1970, 5, 1), status=m.ClientStatus.CLIENT,
    )  # fmt: skip
    return partner, target, source


def form(visitor, target, source, place="/clients", **changes):
    page = visitor.get(f"{place}/{target.id}/merge?with={source.id}").text
    sent = {name: re.search(rf'name="{name}" value="([^"]*)"', page).group(1) for name in ("version", "other_version", "one_time")}
    return {"with": source.id} | sent | changes


def merged(visitor, target, source, place="/clients"):
    return visitor.post(f"{place}/{target.id}/merge", form(visitor, target, source, place))


def undone(visitor, target, place="/clients", number=None):
    number = number or re.search(r'name="merge" value="(\d+)"', visitor.get(f"{place}/{target.id}/admin").text).group(1)
    return visitor.post(f"{place}/{target.id}/merge/undo", {"merge": number}, **EN)


def everything(cast):
    """Every row of the database but what tells of the merge itself."""
    told = {"client_merge", "history", "history_values", "history_head", "submission", "mail", "sign_in", "attempt", "job", "ab_user"}

    def rows(session):
        found = {}
        for table in Model.metadata.sorted_tables:
            if table.name in told or "id" not in table.c:
                continue
            columns = [column for column in table.c if column.name not in ("version", "updated_at")]
            found[table.name] = sorted(tuple(map(str, row)) for row in session.execute(table.select().with_only_columns(*columns)))
        return found

    return cast.read(rows)


def hang(cast, partner, client, mark):
    supplier = cast.supplier()
    cast.add(m.Signatory(client_id=client.id, first_name=mark, last_name="Signe", is_principal=True))
    cast.add(m.ClientReference(client_id=client.id, supplier_id=supplier.id, reference=f"{mark}1"))
    cast.contract(partner, client, number=f"{mark}-77")
    folder = cast.add(m.Folder(client_id=client.id, name="Contrats", name_key="contrats"))
    cast.client_file(client, name="pièce.pdf")
    cast.client_file(client, name="dedans.pdf", folder_id=folder.id)
    cast.add(m.Complaint(partner_id=partner.id, client_id=client.id, subject="x", text="x"))
    cast.add(m.DataRequest(client_id=client.id, kind=m.RequestKind.ACCESS, text="x"))
    return supplier


def test_the_source_completes_and_never_overwrites_and_everything_moves(house, cast, two):
    partner, target, source = two
    hang(cast, partner, target, "T")
    supplier = hang(cast, partner, source, "S")
    cast.add(m.ReferenceClaim(client_id=target.id, supplier_id=supplier.id, reference="S1"))
    manager = cast.client_for("administrator")
    page = manager.get(f"/clients/{target.id}/merge?with={source.id}", **EN).text
    assert "Taken over" in page
    assert "Stays; the other is left behind" in page
    assert merged(manager, target, source).status_code == 302

    kept = cast.get(m.Client, target.id)
    assert (kept.last_name, kept.first_name, kept.email) == ("Durand", "Anne", "anne@exemple.fr")
    assert (kept.phone, kept.birth_date, kept.status) == ("+33 4 78 00 00 00", date(1970, 5, 1), m.ClientStatus.CLIENT)
    assert (kept.street, kept.postcode, kept.city) == (None, None, "Lyon"), "half of one address is not completed with half of another"
    assert cast.get(m.Client, source.id) is None
    for table, column in merging.places():
        left = cast.read(lambda session, column=column: session.query(column).filter(column == source.id).count())
        assert left == 0, (table.name, column.name)
    assert cast.read(lambda session: [row.is_principal for row in session.query(m.Signatory).order_by(m.Signatory.id)]) == [True, False]
    assert cast.count(m.ReferenceClaim) == 0, "what it claims it has now"
    assert cast.read(lambda session: sorted(row.name for row in session.query(m.Folder))) == ["Contrats", "Contrats (2)"]
    assert cast.read(lambda session: sorted(row.name for row in session.query(m.ClientFile))) == ["dedans.pdf", "dedans.pdf", "pièce (2).pdf", "pièce.pdf"]
    assert cast.read(lambda session: {row.client_id for row in session.query(m.Contract)}) == {target.id}
    assert "S-77" in manager.get("/contracts/?q=durand+anne", **EN).text
    history = manager.get(f"/clients/{target.id}?tab=history", **EN).text
    assert "DURAND Anne-Marie" in history


def test_undoing_brings_both_back_as_they_were(house, cast, two):
    partner, target, source = two
    make(cast.client_for("administrator"), "text", names_fr="Dossier", names_en="File")
    hang(cast, partner, target, "T")
    supplier = hang(cast, partner, source, "S")
    cast.add(m.ReferenceClaim(client_id=target.id, supplier_id=supplier.id, reference="S1"))
    couple = cast.client(partner)
    cast.client(partner, kind=m.ClientKind.COUPLE, first_name=None, last_name="Deux", first_person_id=couple.id, second_person_id=source.id)
    owner = cast.client_for("owner", partner)
    before = everything(cast)
    assert merged(owner, target, source, "/portal/clients").status_code == 302
    assert everything(cast) != before
    assert undone(owner, target, "/portal/clients").location.endswith(f"/portal/clients/{source.id}")
    after = everything(cast)
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
    assert "undone by" in owner.get(f"/portal/clients/{target.id}/admin", **EN).text
    assert undone(owner, target, "/portal/clients", number=1).status_code == 302
    assert everything(cast) == after, "a second time changes nothing"


def test_what_was_changed_since_stays_when_a_merge_is_undone(house, cast, two):
    partner, target, source = two
    inside = cast.add(m.Folder(client_id=source.id, name="Reçu", name_key="recu"))
    manager = cast.client_for("manager")
    merged(manager, target, source)
    new = cast.contract(partner, target, number="NEW-1")
    cast.client_file(target, name="après.pdf", folder_id=inside.id)
    with cast.writing() as session:
        session.get(m.Client, target.id).phone = "+33 1 00 00 00 00"
    undone(manager, target)
    assert cast.get(m.Client, target.id).phone == "+33 1 00 00 00 00"
    assert cast.get(m.Client, target.id).birth_date is None
    assert cast.get(m.Client, source.id).phone == "+33 4 78 00 00 00"
    assert cast.get(m.Contract, new.id).client_id == target.id
    file = cast.read(lambda session: session.query(m.ClientFile).one())
    assert (file.client_id, file.folder_id) == (target.id, None), "no file lies in another client's folder"
    assert cast.get(m.Folder, inside.id).client_id == source.id


def test_merges_are_undone_the_last_one_first_and_only_for_thirty_days(house, cast, two):
    partner, target, source = two
    third = cast.client(partner, last_name="Durant")
    manager = cast.client_for("manager")
    merged(manager, target, source)
    merged(manager, target, third)
    first, second = cast.read(lambda session: [row.id for row in session.query(m.ClientMerge).order_by(m.ClientMerge.id)])
    undone(manager, target, number=first)
    assert cast.get(m.Client, source.id) is None
    assert "undo that first" in manager.get(f"/clients/{target.id}/admin", **EN).text
    undone(manager, target, number=second)
    assert cast.get(m.Client, third.id) is not None
    with cast.writing() as session:
        session.get(m.ClientMerge, first).until = m.today() - timedelta(days=1)
    undone(manager, target, number=first)
    assert cast.get(m.Client, source.id) is None
    run_job(house, merging.forget_merges)
    assert cast.get(m.ClientMerge, first).content is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": m.ClientKind.COMPANY, "company_name": "SARL"}, "only records of the same kind"),
        ({"elsewhere": True}, "belong to two partners"),
        ({"couple": True}, "are a couple"),
    ],
)
def test_what_cannot_be_one_is_refused_with_the_reason(house, cast, two, changes, words):
    partner, target, source = two
    if "couple" in changes:
        cast.client(partner, kind=m.ClientKind.COUPLE, first_name=None, last_name="Deux", first_person_id=target.id, second_person_id=source.id)
    elif "elsewhere" in changes:
        source = cast.client(cast.partner())
    else:
        source = cast.client(partner, last_name=None, **changes)
    manager = cast.client_for("manager")
    assert words in manager.get(f"/clients/{target.id}/merge?with={source.id}", **EN).text
    form = {"with": source.id, "version": target.version, "other_version": source.version, "one_time": "abc"}
    answer = manager.post(f"/clients/{target.id}/merge", form, **EN)
    assert (answer.status_code, words in answer.text) == (422, True)
    assert cast.get(m.Client, source.id) is not None


def test_a_stale_page_and_a_second_post_merge_nothing(house, cast, two):
    _partner, target, source = two
    manager = cast.client_for("manager")
    sent = form(manager, target, source)
    with cast.writing() as session:
        session.get(m.Client, source.id).city = "Bron"
    answer = manager.post(f"/clients/{target.id}/merge", sent, **EN)
    assert (answer.status_code, "has changed meanwhile" in answer.text) == (422, True)
    sent = form(manager, target, source)
    assert manager.post(f"/clients/{target.id}/merge", sent).status_code == 302
    assert manager.post(f"/clients/{target.id}/merge", sent).status_code == 404, "the other one is gone"
    assert cast.count(m.ClientMerge) == 1


def test_the_other_record_is_found_among_those_of_the_partner(house, cast, two):
    partner, target, source = two
    foreign = cast.client(cast.partner(), last_name="Durandeau")
    twin = cast.client(partner, last_name="Autre", email="anne@exemple.fr")
    owner = cast.client_for("owner", partner)
    page = owner.get(f"/portal/clients/{target.id}/merge", **EN).text
    assert f"with={twin.id}" in page
    assert "same e-mail" in page
    page = owner.get(f"/portal/clients/{target.id}/merge?q=durand", **EN).text
    assert f"with={source.id}" in page
    assert "Durandeau" not in page
    assert owner.get(f"/portal/clients/{target.id}/merge?with={foreign.id}").status_code == 404
    assert owner.post(f"/portal/clients/{target.id}/merge", {"with": foreign.id}).status_code == 404
    assert cast.client_for("member", partner).get(f"/portal/clients/{target.id}/merge").status_code == 403


def test_fields_that_partners_do_not_see_are_completed_and_not_shown(house, cast, two):
    partner, target, source = two
    number = make(cast.client_for("administrator"), "text", names_fr="Secret maison", names_en="House secret")
    key = cast.get(m.CustomField, number).key
    with cast.writing() as session:
        session.get(m.Client, source.id).custom = {key: "zzz"}
    owner = cast.client_for("owner", partner)
    page = owner.get(f"/portal/clients/{target.id}/merge?with={source.id}", **EN).text
    assert "House secret" not in page
    assert "House secret" in cast.client_for("manager").get(f"/clients/{target.id}/merge?with={source.id}", **EN).text
    merged(owner, target, source, "/portal/clients")
    assert cast.get(m.Client, target.id).custom == {key: "zzz"}
    undone(owner, target, "/portal/clients")
    assert not cast.get(m.Client, target.id).custom


def test_deleting_a_client_forgets_what_was_merged_into_it(house, cast, two):
    partner, target, source = two
    with cast.writing() as session:
        session.get(m.Client, source.id).status = m.ClientStatus.PROSPECT
    manager = cast.client_for("administrator")
    merged(manager, target, source)
    kept = cast.get(m.Client, target.id)
    answer = manager.post(f"/clients/{target.id}/delete", {"version": kept.version, "name_again": kept.name})
    assert answer.status_code == 302
    assert cast.count(m.ClientMerge) == 0
    records = cast.read(lambda session: session.query(m.Job).filter_by(kind="forget_history").one().facts["records"])
    assert ["Client", source.id] in records

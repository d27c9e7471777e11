"""Two records of one client that were made one, taken apart again."""

from __future__ import annotations

from datetime import timedelta

from app import models as m
from app.services import erasure, history, merging
from tests.clients import EN, run_job
from tests.merges import everything, hang, merged, undone
from tests.views.making_fields import make


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
    assert cast.read(lambda session: session.get(m.ClientMerge, first).content) is None


def test_what_has_come_since_goes_with_what_it_hangs_on(house, cast, two):
    """A new version of the other record's file, advice on its contract, a report on it: they are not left behind with a stranger."""
    partner, target, source = two
    hang(cast, partner, source, "S")
    manager = cast.client_for("manager")
    merged(manager, target, source)
    file = cast.read(lambda session: session.query(m.ClientFile).filter_by(name="dedans.pdf").one())
    contract = cast.read(lambda session: session.query(m.Contract).one())
    again = {"number": 2, "key": file.key, "media_type": file.media_type, "size": 1, "digest": "1", "by": "x"}
    version = cast.add(m.ClientFileVersion(client_id=target.id, file_id=file.id, **again))
    advice = cast.add(m.Advice(client_id=target.id, contract_id=contract.id, kind=m.AdviceKind.GIVEN, given_on=m.today()))
    report = cast.client_paper(target, contract_id=contract.id, kind=m.ClientPaperKind.SUITABILITY)
    own = cast.client_file(target, name="à lui.pdf")
    undone(manager, target)
    for entity, number in ((m.ClientFileVersion, version.id), (m.Advice, advice.id)):
        assert cast.get(entity, number).client_id == source.id, entity
    kept = cast.get(m.ClientPaper, report.id)
    assert (kept.client_id, kept.contract_id) == (target.id, None), "what quotes a person's answers stays with that person"
    assert cast.get(m.ClientFile, own.id).client_id == target.id
    assert cast.read(lambda session: [v.client_id for v in session.query(m.ClientFileVersion).filter_by(file_id=own.id)]) == [target.id]


def test_an_address_goes_back_as_a_whole_or_not_at_all(house, cast, two):
    _partner, target, source = two
    with cast.writing() as session:
        session.get(m.Client, target.id).city = None
    manager = cast.client_for("manager")
    merged(manager, target, source)
    with cast.writing() as session:
        session.get(m.Client, target.id).street = "2 rue Y"
    undone(manager, target)
    kept = cast.get(m.Client, target.id)
    assert (kept.street, kept.postcode, kept.city, kept.birth_date) == ("2 rue Y", "69001", "Villeurbanne", None)


def test_who_holds_a_contract_by_now_stays_a_client(house, cast, two):
    partner, target, source = two
    manager = cast.client_for("manager")
    merged(manager, target, source)
    cast.contract(partner, target)
    undone(manager, target)
    assert cast.get(m.Client, target.id).status is m.ClientStatus.CLIENT


def test_files_of_one_name_do_not_lie_side_by_side_after(house, cast, two):
    _partner, target, source = two
    inside = cast.add(m.Folder(client_id=source.id, name="Reçu", name_key="recu"))
    manager = cast.client_for("manager")
    merged(manager, target, source)
    for facts in ({}, {"folder_id": inside.id}):
        cast.client_file(target, name="plan.pdf", **facts)
    undone(manager, target)
    at_the_top = cast.read(lambda session: sorted(file.name for file in session.query(m.ClientFile).filter_by(client_id=target.id, folder_id=None)))
    assert at_the_top == ["plan (2).pdf", "plan.pdf"]


def test_the_one_that_comes_back_goes_where_the_other_has_gone_and_without_who_has_left(house, cast, two):
    partner, target, source = two
    gone, new = cast.member(partner, "member"), cast.partner()
    with cast.writing() as session:
        session.get(m.Client, source.id).adviser_id = gone.id
    manager = cast.client_for("manager")
    merged(manager, target, source)
    with cast.writing() as session:
        session.delete(session.query(m.Membership).filter_by(user_id=gone.id).one())
    undone(manager, target)
    assert cast.get(m.Client, source.id).adviser_id is None
    merged(manager, target, source)
    with cast.writing() as session:
        session.get(m.Client, target.id).partner_id = new.id
    undone(manager, target)
    assert cast.get(m.Client, source.id).partner_id == new.id


def test_merges_upon_merges_come_apart_one_by_one(house, cast, two):
    partner, target, source = two
    third = cast.client(partner, last_name="Durant")
    for client, mark in ((target, "T"), (source, "S"), (third, "D")):
        hang(cast, partner, client, mark)
    manager = cast.client_for("manager")
    before = everything(cast)
    merged(manager, source, target)
    between = everything(cast)
    merged(manager, third, source)
    undone(manager, third)
    assert {name for name, rows in everything(cast).items() if rows != between[name]} == set()
    undone(manager, source)
    assert {name for name, rows in everything(cast).items() if rows != before[name]} == set()


def test_deleting_one_that_was_merged_for_a_while_leaves_no_trace_in_the_other(house, cast, two):
    _partner, target, source = two
    with cast.writing() as session:
        session.get(m.Client, source.id).status = m.ClientStatus.PROSPECT
    manager = cast.client_for("administrator")
    merged(manager, target, source)
    undone(manager, target)
    told = lambda: cast.read(lambda session: [str(row.changes) for row in session.query(m.HistoryValues)])  # noqa: E731
    assert any("Anne-Marie" in words for words in told())
    kept = cast.get(m.Client, source.id)
    assert manager.post(f"/clients/{source.id}/delete", {"version": kept.version, "name_again": kept.name}).status_code == 302
    assert "A record that has been deleted since" in manager.get(f"/clients/{target.id}/admin", **EN).text
    job = cast.read(lambda session: session.query(m.Job).filter_by(kind="forget_history").one())
    run_job(house, erasure.forget_history, records=job.facts["records"])
    assert [words for words in told() if "Anne-Marie" in words or "78 00 00 00" in words] == []
    assert cast.read(history.broken_places, piecemeal=True) == []


def test_what_went_on_from_one_to_the_next_is_erased_too_and_nothing_of_others(house, cast, two):
    """The deleted one was part of a second, and with it of a third; a fourth has nothing to do with it."""
    partner, second, first = two
    third, fourth = cast.client(partner, last_name="Tierce"), cast.client(partner, last_name="Quarte", mobile="+33 6 99 99 99 99")
    with cast.writing() as session:
        session.get(m.Client, first.id).status = m.ClientStatus.PROSPECT
    manager = cast.client_for("administrator")
    merged(manager, second, first)
    merged(manager, third, second)
    undone(manager, third)
    undone(manager, second)
    merged(manager, third, fourth)
    told = lambda: cast.read(lambda session: " ".join(str(row.changes) for row in session.query(m.HistoryValues)))  # noqa: E731
    assert "78 00 00 00" in told()
    kept = cast.get(m.Client, first.id)
    assert manager.post(f"/clients/{first.id}/delete", {"version": kept.version, "name_again": kept.name}).status_code == 302
    job = cast.read(lambda session: session.query(m.Job).filter_by(kind="forget_history").one())
    run_job(house, erasure.forget_history, records=job.facts["records"])
    assert "78 00 00 00" not in told()
    assert "99 99 99 99" in told()
    assert "Quarte" in told()
    assert cast.read(history.broken_places, piecemeal=True) == []

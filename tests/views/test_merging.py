"""Two records of one client made one, and taken apart again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from app import models as m
from app.services import merging
from tests.clients import EN
from tests.merges import form, hang, merged, places_with, undone
from tests.views.making_fields import make


def test_the_source_completes_and_never_overwrites_and_everything_moves(house, cast, two):
    partner, target, source = two
    hang(cast, partner, target, "T")
    supplier = hang(cast, partner, source, "S")
    cast.add(m.ReferenceClaim(client_id=target.id, supplier_id=supplier.id, reference="S1"))
    assert places_with(cast, source) == {f"{table.name}.{column.name}" for table, column in merging.places()}, "the test knows every place"
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
    assert places_with(cast, source) == set()
    assert cast.read(lambda session: [row.is_principal for row in session.query(m.Signatory).order_by(m.Signatory.id)]) == [True, False]
    assert cast.read(lambda session: sorted(row.reference for row in session.query(m.ReferenceClaim))) == ["S2", "T2"], "what it claims and has now is gone"
    assert cast.read(lambda session: sorted(row.name for row in session.query(m.Folder))) == ["Contrats", "Contrats (2)"]
    assert cast.read(lambda session: sorted(row.name for row in session.query(m.ClientFile))) == ["dedans.pdf", "dedans.pdf", "pièce (2).pdf", "pièce.pdf"]
    assert cast.read(lambda session: {row.client_id for row in session.query(m.Contract)}) == {target.id}
    assert "S-77" in manager.get("/contracts/?q=durand+anne", **EN).text
    history = manager.get(f"/clients/{target.id}?tab=history", **EN).text
    assert "DURAND Anne-Marie" in history


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
    again = manager.post(f"/clients/{target.id}/merge", sent)
    assert again.location.endswith(f"/clients/{target.id}/admin"), "a double click comes to the file, too"
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


# --- which value stays ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "other", "stays"),
    [
        ({}, {"us_person": True}, {"us_person": True}),
        ({"us_person": True}, {}, {"us_person": True}),
        ({}, {"tax_country": m.Country("BE"), "tax_number": "85.07.30"}, {"tax_country": m.Country("BE"), "tax_number": "85.07.30"}),
        ({"tax_country": m.Country("DE")}, {"tax_number": "1 23"}, {"tax_country": m.Country("DE"), "tax_number": None}),
        ({"tax_number": "9"}, {"tax_country": m.Country("BE"), "tax_number": "8"}, {"tax_country": m.Country.FRANCE, "tax_number": "9"}),
        ({"city": None}, {"country": m.Country("BE")}, {"street": "1 rue X", "city": "Villeurbanne", "country": m.Country("BE")}),
        ({"city": None, "country": m.Country("BE")}, {}, {"street": None, "city": None, "country": m.Country("BE")}),
        ({"language": "en"}, {"language": "fr"}, {"language": "en"}),
        ({}, {"status": m.ClientStatus.FORMER}, {"status": m.ClientStatus.FORMER}),
        ({"notifications": True}, {"notifications": False}, {"notifications": False}),
        ({"notifications": False}, {"notifications": True}, {"notifications": False}),
    ],
)
def test_what_belongs_together_comes_together_and_what_was_filled_in_stays(house, cast, two, own, other, stays):
    _partner, target, source = two
    with cast.writing() as session:
        for record, values in ((target, own), (source, other)):
            for name, value in values.items():
                setattr(session.get(m.Client, record.id), name, value)
    manager = cast.client_for("manager")
    before = cast.get(m.Client, target.id)
    merged(manager, target, source)
    kept = cast.get(m.Client, target.id)
    assert {name: getattr(kept, name) for name in stays} == stays
    undone(manager, target)
    after = cast.get(m.Client, target.id)
    assert {name: getattr(after, name) for name in stays} == {name: getattr(before, name) for name in stays}


def test_what_the_house_notes_is_not_let_go_of_unseen(house, cast, two):
    partner, target, source = two
    number = make(cast.client_for("administrator"), "text", names_fr="Secret maison", names_en="House secret")
    key = cast.get(m.CustomField, number).key
    with cast.writing() as session:
        session.get(m.Client, target.id).custom = {key: "one"}
        session.get(m.Client, source.id).custom = {key: "other", "f999": "of a field that is not in use"}
    owner = cast.client_for("owner", partner)
    assert "account manager" in owner.get(f"/portal/clients/{target.id}/merge?with={source.id}", **EN).text
    kept, gone = cast.get(m.Client, target.id), cast.get(m.Client, source.id)
    sent = {"with": source.id, "version": kept.version, "other_version": gone.version, "one_time": "abc"}
    assert owner.post(f"/portal/clients/{target.id}/merge", sent, **EN).status_code == 422
    assert merged(cast.client_for("manager"), target, source).status_code == 302
    assert cast.get(m.Client, target.id).custom == {key: "one", "f999": "of a field that is not in use"}


# --- what there is room for once ------------------------------------------------------------------


def test_one_questionnaire_and_one_document_of_a_kind_wait(house, cast, two):
    _partner, target, source = two
    ids = [cast.questionnaire_sent(each).id for each in (source, target)]
    other = cast.questionnaire_sent(source, kind=m.QuestionnaireKind.QCF).id
    papers = [cast.client_paper(each, kind=m.ClientPaperKind.MISSION).id for each in (target, source)]
    manager = cast.client_for("manager")
    merged(manager, target, source)
    waiting = lambda: cast.read(lambda session: {row.id for row in session.query(m.QuestionnaireSent) if row.is_open})  # noqa: E731
    assert waiting() == {ids[1], other}
    assert [cast.get(m.ClientPaper, number).status for number in papers] == [m.ClientPaperState.REPLACED, m.ClientPaperState.TO_SIGN]
    undone(manager, target)
    assert waiting() == {*ids, other}
    assert {cast.get(m.ClientPaper, number).status for number in papers} == {m.ClientPaperState.TO_SIGN}


def test_names_that_are_cut_in_their_column_still_get_a_number(house, cast, two):
    _partner, target, source = two
    name = "œ" * 118  # two letters each where names are compared, more than the column holds
    for client in (target, source):
        cast.add(m.Folder(client_id=client.id, name=name, name_key=m.fold(name)[:200]))
    merged(cast.client_for("manager"), target, source)
    names = cast.read(lambda session: sorted(folder.name for folder in session.query(m.Folder)))
    assert names[0].endswith("œ (2)")
    assert names[1] == name
    assert cast.read(lambda session: len({folder.name_key for folder in session.query(m.Folder)})) == 2


def test_a_client_that_is_not_to_be_written_to_stays_so(house, cast, two):
    """Whatever waits to leave is held, also what was queued for the record that could be written to."""
    partner, target, source = two
    manager = cast.client_for("manager")
    with cast.writing() as session:
        session.get(m.Client, target.id).notifications = False
        session.add(m.Mail(message_id="<q@x>", notice="client_space", recipient="am@exemple.fr", client_id=source.id, partner_id=partner.id, **QUEUED))
    assert "Notifications" in manager.get(f"/clients/{target.id}/merge?with={source.id}", **EN).text
    merged(manager, target, source)
    held = lambda: cast.read(lambda session: [(mail.client_id, mail.status) for mail in session.query(m.Mail).filter_by(message_id="<q@x>")])  # noqa: E731
    assert held() == [(target.id, m.MailStatus.HELD)]
    undone(manager, target)
    assert held() == [(source.id, m.MailStatus.HELD)]
    assert cast.get(m.Client, source.id).notifications is False, "somebody says first what becomes of what was held"


QUEUED = {"subject": "x", "text": "x", "html": "x", "language": "fr", "status": m.MailStatus.QUEUED}


# --- two at once, and old addresses ---------------------------------------------------------------


def test_two_merges_of_the_same_pair_at_the_same_moment_make_one(house, cast, two):
    _partner, target, source = two
    managers = [cast.client_for("manager") for _each in range(2)]
    sent = [form(managers[0], target, source), form(managers[1], source, target)]
    with ThreadPoolExecutor(2) as together:
        posts = [together.submit(managers[0].post, f"/clients/{target.id}/merge", sent[0]), together.submit(managers[1].post, f"/clients/{source.id}/merge", sent[1])]
    assert sorted(post.result().status_code for post in posts) in ([302, 404], [302, 422])
    assert (cast.count(m.Client), cast.count(m.ClientMerge)) == (1, 1)


def test_the_old_address_leads_to_the_file_it_is_part_of(house, cast, two):
    partner, target, source = two
    third = cast.client(partner, last_name="Durant")
    manager, owner, stranger = cast.client_for("manager"), cast.client_for("owner", partner), cast.client_for("owner")
    merged(manager, target, source)
    for path in ("", "/drive", "/admin"):
        assert manager.get(f"/clients/{source.id}{path}").location.endswith(f"/clients/{target.id}")
        assert owner.get(f"/portal/clients/{source.id}{path}").location.endswith(f"/portal/clients/{target.id}")
        assert stranger.get(f"/portal/clients/{source.id}{path}").status_code == 404
    assert manager.post(f"/clients/{source.id}/qpr/send", {}).status_code == 404
    merged(manager, third, target)
    assert manager.get(f"/clients/{source.id}").location.endswith(f"/clients/{third.id}"), "also when that one was merged in its turn"
    undone(manager, third)
    undone(manager, target)
    assert manager.get(f"/clients/{source.id}").status_code == 200


def test_companies_and_couples_are_merged_too(house, cast):
    partner = cast.partner()
    one, two = (
        cast.client(partner, kind=m.ClientKind.COMPANY, last_name=None, first_name=None, company_name="SARL Dupont", siren=siren) for siren in (None, "732829320")
    )
    manager = cast.client_for("manager")
    assert "same name" in manager.get(f"/clients/{one.id}/merge", **EN).text
    merged(manager, one, two)
    assert (cast.get(m.Client, one.id).siren, cast.get(m.Client, two.id)) == ("732829320", None)
    persons = [cast.client(partner) for _each in range(2)]
    linked = {"first_person_id": persons[0].id, "second_person_id": persons[1].id}
    couples = [cast.client(partner, kind=m.ClientKind.COUPLE, first_name=None, last_name="Dupont", **linked) for _each in range(2)]
    merged(manager, *couples)
    assert cast.read(lambda session: session.query(m.Client).filter_by(kind=m.ClientKind.COUPLE).count()) == 1
    undone(manager, couples[0])
    assert cast.get(m.Client, couples[1].id).first_person_id == persons[0].id

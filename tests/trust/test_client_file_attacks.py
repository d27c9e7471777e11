"""Ways by which somebody's client was reached, kept or written to against a rule, each by its name."""

from __future__ import annotations

import pytest

from app import models as m
from app.services import client_papers, erasure, history, portfolio
from app.services.refusals import RuleBroken
from tests.clients import EN, SAFE, a_client, run_job
from tests.merges import form, merged, undone
from tests.views.conftest import two  # noqa: F401 - the two records of one client
from tests.views.making_fields import make

MINE = "/portal/clients"


def told(cast, words):
    return cast.read(lambda session: [str(row.changes) for row in session.query(m.HistoryValues) if words.lower() in str(row.changes).lower()])


def forget(house, cast):
    for job in cast.read(lambda session: session.query(m.Job).filter_by(kind="forget_history").all()):
        run_job(house, erasure.forget_history, **job.facts)


def delete(visitor, cast, client):
    kept = cast.get(m.Client, client.id)
    assert visitor.post(f"{MINE}/{client.id}/delete", {"version": kept.version, "name_again": kept.full_name}).status_code == 302
    assert cast.get(m.Client, client.id) is None


def moved(house, cast, old, new):
    cast.add(m.PortfolioMove(from_partner_id=old.id, to_partner_id=new.id, by="x", state=m.MoveState.PLANNED, moves_on=m.today()))
    run_job(house, portfolio.move_portfolios)


# --- exports --------------------------------------------------------------------------------------


def test_an_export_tells_nothing_of_what_stays_with_another_partner(house, cast):
    old, new = cast.partner(), cast.partner()
    client = cast.client(old)
    answered = {"answered_on": m.today(), "answer": "Réponse d’avant", "status": m.ComplaintStatus.ANSWERED, "outcome": next(iter(m.ComplaintOutcome))}
    complaint = cast.add(m.Complaint(partner_id=old.id, client_id=client.id, subject="Affaire d’avant", text="x", **answered))
    mail = {"subject": "Mail d’avant", "text": "x", "html": "x", "language": "fr", "status": m.MailStatus.SENT, "notice": "client_space"}
    cast.add(m.Mail(message_id="<a@x>", recipient="x@exemple.fr", client_id=client.id, partner_id=old.id, **mail))
    moved(house, cast, old, new)
    member = cast.client_for("member", new)
    assert member.get(f"/portal/complaints/{complaint.id}").status_code == 404
    content = member.get(f"{MINE}/{client.id}/export.json")
    assert (content.status_code, "avant" in content.text) == (200, False)
    whole = cast.client_for("compliance").get(f"/clients/{client.id}/export.json").text
    assert "Affaire d’avant" in whole
    assert "Mail d’avant" in whole, "who asks the house for everything gets everything"


def test_whoever_only_reads_a_client_carries_nothing_away(house, cast):
    above = cast.partner()
    client = cast.client(cast.partner(parent_id=above.id))
    member = cast.client_for("member", above)
    assert member.get(f"{MINE}/{client.id}").status_code == 200
    assert "export.json" not in member.get(f"{MINE}/{client.id}/admin").text
    assert {member.get(f"{MINE}/{client.id}/export.{kind}").status_code for kind in ("json", "pdf")} == {404}
    clerk = cast.staff("reader")
    with cast.writing() as session:
        role = m.Role(name="clerk")
        role.permissions = [each for each in session.query(m.PermissionView) if each.view_menu.name == "complaints"]
        session.add(role)
        session.flush()
        session.get(m.User, clerk.id).roles = [role]
    assert cast.signed_in(clerk).get(f"/clients/{client.id}/export.json").status_code == 403


# --- signing --------------------------------------------------------------------------------------


def test_a_client_opens_and_signs_only_what_has_reached_it(house, cast):
    partner, client = a_client(cast)
    cast.client_for("owner", partner).post(f"{MINE}/{client.id}/qpr/answer", SAFE)
    paper = cast.read(lambda session: session.query(m.ClientPaper).one())
    replaced = cast.client_paper(client, status=m.ClientPaperState.REPLACED, sent_at=None)
    guest = cast.guest(client)
    for number in (paper.id, replaced.id):
        for end in ("", "/file"):
            assert guest.get(f"/space/papers/{number}{end}").status_code == 404
        for end in ("/code", "/sign"):
            assert guest.post(f"/space/papers/{number}{end}").status_code == 404
    assert cast.count(m.ClientCode) == 0
    with cast.writing() as session:
        session.get(m.ClientPaper, paper.id).sent_at = m.now()
    assert guest.get(f"/space/papers/{paper.id}").status_code == 200


def test_a_code_is_asked_for_first_and_shown_as_out_to_whom_it_went_while_it_can_be_typed(house, cast):
    _partner, client = a_client(cast)
    paper = cast.client_paper(client, sent_at=m.now())
    guest = cast.guest(client)
    assert 'name="code"' not in guest.get(f"/space/papers/{paper.id}").text
    refused = guest.post(f"/space/papers/{paper.id}/sign", {"consent": "1", "code": "123456"}, **EN)
    assert "Please ask for a code first" in refused.text
    guest.post(f"/space/papers/{paper.id}/code")
    assert 'name="code"' in guest.get(f"/space/papers/{paper.id}").text
    with house.app_context():
        assert client_papers.code_is_out(paper.id)
        assert not client_papers.code_is_out(paper.id, "somebody@else.example")
    for _try in range(5):
        with house.test_request_context(), pytest.raises(RuleBroken):
            client_papers.sign(paper.id, client.id, "000000", "x")
    with house.app_context():
        assert not client_papers.code_is_out(paper.id)


def test_a_signature_by_an_address_that_is_none_of_the_clients_is_marked(house, cast):
    _partner, client = a_client(cast)
    signed = {"status": m.ClientPaperState.SIGNED, "signed_at": m.now(), "signed_by": "Alice Durand"}
    papers = [cast.client_paper(client, **signed, proof={"email": email}) for email in (client.email, "broker@example.org")]
    pages = [cast.client_for("compliance").get(f"/client-papers/{paper.id}", **EN).text for paper in papers]
    assert ["not an address of this client today" in page for page in pages] == [False, True]


# --- what erasing leaves --------------------------------------------------------------------------


def test_what_went_before_its_client_is_forgotten_with_it(house, cast):
    """A signatory and a file that were deleted while the client was still there; also when the client is locked first."""
    for locked in (False, True):
        partner, client = a_client(cast)
        owner = cast.client_for("owner", partner)
        with cast.writing() as session:
            session.get(m.Client, client.id).status = m.ClientStatus.FORMER if locked else m.ClientStatus.PROSPECT
        owner.post(f"{MINE}/{client.id}/signatories/add", {"step": "2", "role": "holder", "last_name": "Zzsig", "first_name": "B", "email": "zzsig@example.org"})
        signatory = cast.read(lambda session: session.query(m.Signatory).one())
        owner.post(f"/portal/signatories/{signatory.id}/delete", {"version": signatory.version})
        file = cast.client_file(client, name="Zzscan.pdf")
        owner.post(f"/portal/client-files/{file.id}/do", {"deed": "throw"})
        owner.post(f"{MINE}/{client.id}/drive/empty")
        assert (cast.count(m.Signatory), cast.count(m.ClientFile)) == (0, 0)
        delete(owner, cast, client)
        if locked:
            with cast.writing() as session:
                session.query(m.LockedFile).one().until = m.today()
            run_job(house, erasure.open_locks)
        forget(house, cast)
        assert told(cast, "zzsig") + told(cast, "zzscan") == []
    assert cast.read(history.broken_places, piecemeal=True) == []


def test_a_locked_client_keeps_nothing_of_one_that_was_part_of_it_for_a_while(house, cast, two):  # noqa: F811
    partner, target, source = two
    owner = cast.client_for("owner", partner)
    with cast.writing() as session:
        session.get(m.Client, target.id).status, session.get(m.Client, source.id).status = m.ClientStatus.FORMER, m.ClientStatus.PROSPECT
    merged(owner, target, source, MINE)
    undone(owner, target, MINE)
    delete(owner, cast, target)
    delete(owner, cast, source)
    forget(house, cast)
    assert cast.count(m.LockedFile) == 1
    assert told(cast, "78 00 00 00") + told(cast, "Anne-Marie") == []


def test_a_draft_and_the_subject_of_a_job_go_with_the_client(house, cast):
    partner, client = a_client(cast, notifications=True)
    owner = cast.client_for("owner", partner)
    owner.post("/drafts/keep", {"place": f"{MINE}/{client.id}/edit", "fields": '[["last_name", "Zz"]]', "token": "aa"})
    owner.post(f"{MINE}/{client.id}/qpr/send", {"email": client.email})
    delete(owner, cast, client)
    assert cast.count(m.Draft) == 0
    assert cast.count(m.Job, m.Job.subject.contains(client.email)) == 0


def test_the_new_partner_lets_go_of_nothing_that_stays_with_the_old_one(house, cast):
    old, new = cast.partner(), cast.partner()
    client = cast.client(old)
    task = cast.add(m.Task(partner_id=old.id, client_id=client.id, name="Faite", done_on=m.today(), shared=True))
    moved(house, cast, old, new)
    delete(cast.client_for("owner", new), cast, client)
    assert cast.get(m.Task, task.id).client_id is None


# --- merges ---------------------------------------------------------------------------------------


def test_a_couple_that_comes_back_at_another_partner_ties_no_ones_persons(house, cast):
    old, new = cast.partner(), cast.partner()
    persons = [cast.client(old) for _each in range(4)]
    couples = [
        cast.client(old, kind=m.ClientKind.COUPLE, first_name=None, last_name="Couple", first_person_id=one.id, second_person_id=other.id)
        for one, other in (persons[:2], persons[2:])
    ]
    manager = cast.client_for("manager")
    merged(manager, *couples)
    with cast.writing() as session:
        for each in (couples[0], *persons[:2]):
            session.get(m.Client, each.id).partner_id = new.id
    undone(manager, couples[0])
    back = cast.get(m.Client, couples[1].id)
    assert (back.partner_id, back.first_person_id, back.second_person_id) == (new.id, None, None)


def test_who_has_said_no_since_a_merge_is_written_to_by_neither(house, cast, two):  # noqa: F811
    _partner, target, source = two
    manager = cast.client_for("manager")
    merged(manager, target, source)
    manager.post(f"/clients/{target.id}/notifications/switch", {"on": "0", "version": cast.get(m.Client, target.id).version})
    undone(manager, target)
    assert [cast.get(m.Client, each.id).notifications for each in (target, source)] == [False, False]


def test_a_partners_double_click_comes_to_the_file_and_its_merge_loses_no_note_of_the_house(house, cast, two):  # noqa: F811
    partner, target, source = two
    number = make(cast.client_for("administrator"), "text", names_fr="Secret maison", names_en="House secret")
    key = cast.get(m.CustomField, number).key
    owner = cast.client_for("owner", partner)
    sent = form(owner, target, source, MINE)
    with cast.writing() as session:
        session.get(m.Client, target.id).custom, session.get(m.Client, source.id).custom = {key: "a"}, {key: "b"}
        session.get(m.CustomField, number).active = False
    versions = {"version": cast.get(m.Client, target.id).version, "other_version": cast.get(m.Client, source.id).version}
    assert owner.post(f"{MINE}/{target.id}/merge", sent | versions, **EN).status_code == 422
    with cast.writing() as session:
        session.get(m.Client, source.id).custom = {}
    sent = form(owner, target, source, MINE)
    for _twice in range(2):
        assert owner.post(f"{MINE}/{target.id}/merge", sent).location.endswith(f"{MINE}/{target.id}/admin")


def test_a_merge_is_undone_also_when_a_supplier_is_gone(house, cast, two):  # noqa: F811
    _partner, target, source = two
    supplier = cast.supplier()
    for client in (target, source):
        cast.add(m.ReferenceClaim(client_id=client.id, supplier_id=supplier.id, reference="S1"))
    admin = cast.client_for("administrator")
    merged(admin, target, source)
    claim = cast.read(lambda session: session.query(m.ReferenceClaim).one())
    admin.post(f"/claims/{claim.id}/delete", {"version": claim.version})
    admin.post(f"/suppliers/{supplier.id}/delete", {"version": 1, "name_again": supplier.name})
    assert cast.count(m.Supplier) == 0
    undone(admin, target)
    assert cast.get(m.Client, source.id) is not None

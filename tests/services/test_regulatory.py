"""The regulatory file: the checklist in its order, letters drawn up and signed, the clock of advice, and the overview by partner."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app import models as m
from app.services import entry_document, regulatory
from app.services.regulatory import StepState
from tests.clients import BOLD, EN, a_client, code_in, typed

WHOLE = {
    "birth_date": date(1980, 1, 2),
    "birth_place": "Lyon",
    "nationality": "FR",
    "street": "1 rue X",
    "postcode": "69000",
    "city": "Lyon",
    "family_status": m.FamilyStatus.SINGLE,
    "occupation": "Menuisière",
}
TYPED = {
    "mission": {"mission": "Préparer la retraite.", "fees": "Commissions."},
    "suitability": {"advice": "Assurance-vie, 10 000 €.", "reasons": "Horizon long.", "risks": "Perte en capital."},
}


def states(cast, client):
    return cast.read(lambda session: {step.key: step.state.value for step in regulatory.checklist(session, session.get_one(m.Client, client.id))})


def sign(cast, owner, paper):
    owner.post(f"/portal/client-papers/{paper.id}/code", {"email": "alice@example.org"})
    answer = owner.post(f"/portal/client-papers/{paper.id}/sign", {"code": code_in(cast.mails()[-1]), "consent": "1"})
    assert answer.status_code == 302


def newest(cast):
    return cast.read(lambda session: session.query(m.ClientPaper).order_by(m.ClientPaper.id.desc()).first())


def test_a_file_goes_from_nothing_to_in_order_step_by_step(house, cast):
    partner, client = a_client(cast, **WHOLE)
    owner = cast.client_for("owner", partner)
    base = f"/portal/clients/{client.id}"
    missing, done, to_sign = "missing", "done", "to_sign"
    assert states(cast, client) == {"entry": missing, "knowledge": done, "qcf": missing, "qpr": missing, "esg": missing, "mission": missing, "suitability": missing}
    assert "Next: Entry document (DER)." in owner.get(f"{base}/regulatory", **EN).text
    owner.post(f"{base}/letters/entry", {})
    assert states(cast, client)["entry"] == to_sign
    assert "Who advises you" in owner.get(f"/portal/client-papers/{newest(cast).id}", **EN).text
    sign(cast, owner, newest(cast))
    assert states(cast, client)["entry"] == done
    for name in ("qcf", "qpr"):
        owner.post(f"{base}/{name}/answer", typed(name, q_sustainable="no"))
        assert states(cast, client)[name] == to_sign
        sign(cast, owner, newest(cast))
    assert (states(cast, client)["qpr"], states(cast, client)["esg"]) == (done, done)
    for name in ("mission", "suitability"):
        owner.post(f"{base}/letters/{name}", TYPED[name])
        sign(cast, owner, newest(cast))
    assert set(states(cast, client).values()) == {done}
    assert "Everything is in order." in owner.get(f"{base}/regulatory", **EN).text
    report = newest(cast)
    told = str(report.body)
    assert "Risk profile (QPR): Aggressive" in told, "what the client answered stands in the report"
    assert "Sustainability preferences: No" in told
    assert "Assurance-vie, 10 000 €." in told


def test_a_letter_is_drawn_up_again_from_the_one_that_waits_about_the_same_contract(house, cast):
    partner, client = a_client(cast)
    one, other = cast.contract(partner, client), cast.contract(partner, client)
    owner = cast.client_for("owner", partner)
    base = f"/portal/clients/{client.id}/letters"
    owner.post(f"{base}/mission", TYPED["mission"])
    owner.post(f"{base}/suitability", TYPED["suitability"] | {"contract_id": one.id})
    assert "Draw up again" in owner.get(f"/portal/clients/{client.id}/regulatory", **EN).text
    assert TYPED["mission"]["mission"] in owner.get(f"{base}/mission").text
    advice = TYPED["suitability"]["advice"]
    told = [advice in owner.get(f"{base}/suitability{query}").text for query in (f"?contract_id={one.id}", f"?contract_id={other.id}", "")]
    assert told == [True, False, False], "what was advised on one contract is said of no other"


def test_an_entry_document_is_good_for_a_year(house, cast):
    partner, client = a_client(cast)
    paper = cast.client_paper(client, kind=m.ClientPaperKind.ENTRY, status=m.ClientPaperState.SIGNED, signed_at=m.now() - timedelta(days=364), signed_by="A")
    assert states(cast, client)["entry"] == "done"
    with cast.writing() as session:
        session.get_one(m.ClientPaper, paper.id).signed_at = m.now() - timedelta(days=366)
    assert states(cast, client)["entry"] == "late"


def test_what_is_missing_of_the_client_is_named(house, cast):
    partner, client = a_client(cast)
    page = cast.client_for("owner", partner).get(f"/portal/clients/{client.id}/regulatory", **EN).text
    assert "To be completed: Birth date, Place of birth, Nationality" in page


@pytest.mark.parametrize("name", ["mission", "suitability"])
def test_a_letter_wants_its_words_and_keeps_what_was_typed(house, cast, name):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    first, *others = TYPED[name]
    page = owner.post(f"/portal/clients/{client.id}/letters/{name}", TYPED[name] | dict.fromkeys(others, " "), **EN)
    assert page.status_code == 422
    for each in others:
        assert "Please fill in this field." in page.text.split(f'id="{each}_help"')[1][:300]
    assert TYPED[name][first] in page.text
    assert "At most 5000 characters" in owner.post(f"/portal/clients/{client.id}/letters/{name}", TYPED[name] | {first: "x" * 5001}, **EN).text
    assert cast.count(m.ClientPaper) == 0


def test_a_letter_posted_twice_is_drawn_up_once_and_a_newer_one_replaces_it(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    for _twice in range(2):
        owner.post(f"/portal/clients/{client.id}/letters/mission", TYPED["mission"] | {"one_time": "x" * 20})
    assert cast.count(m.ClientPaper) == 1
    owner.post(f"/portal/clients/{client.id}/letters/mission", TYPED["mission"])
    assert cast.read(lambda session: [paper.status.value for paper in session.query(m.ClientPaper).order_by(m.ClientPaper.id)]) == ["replaced", "to_sign"]


def test_a_letter_is_sent_and_signed_by_the_client_alone(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    owner.post(f"/portal/clients/{client.id}/letters/entry", {})
    paper = newest(cast)
    token = {"one_time": "x" * 20}
    for _twice in range(2):
        owner.post(f"/portal/client-papers/{paper.id}/send", {"email": client.email} | token)
    assert [mail.notice for mail in cast.mails()] == ["client_paper"]
    guest = cast.guest(client)
    assert "Who advises you" in guest.get(f"/space/papers/{paper.id}").text
    guest.post(f"/space/papers/{paper.id}/code")
    guest.post(f"/space/papers/{paper.id}/sign", {"code": code_in(cast.mails()[-1]), "consent": "1"})
    row = cast.get(m.ClientPaper, paper.id)
    assert row.status is m.ClientPaperState.SIGNED
    assert row.proof["consent"] == "I have received and read this document, and I sign it."


INSURANCE, MARKETS, OTHERS = "La Médiation de l’Assurance", "the AMF’s mediator", "the consumer mediator"
ACPR, AMF = "4 place de Budapest, CS 92459, 75436 Paris Cedex 09", "Autorité des marchés financiers (AMF), 17 place de la Bourse"


@pytest.mark.parametrize(
    ("statuses", "named", "left_out"),
    [
        (
            {"CIF": "INSCRIT", "COA": "INSCRIT", "COBSP": "SUPPRIME"},
            ["broker (COA), financial investment adviser (CIF)", INSURANCE, MARKETS, ACPR, AMF],
            ["COBSP", OTHERS],
        ),
        ({"CIF": "INSCRIT"}, ["as financial investment adviser (CIF)", MARKETS, AMF], [INSURANCE, OTHERS, ACPR]),
        ({"COBSP": "INSCRIT"}, ["as broker in banking and payment services (COBSP)", OTHERS, ACPR], [INSURANCE, MARKETS, AMF]),
        ({}, ["(www.orias.fr)'", INSURANCE, MARKETS, ACPR, AMF], [", as ", OTHERS]),
    ],
)
def test_an_entry_document_names_the_categories_held_and_whom_to_turn_to(house, cast, statuses, named, left_out):
    partner, _client = a_client(cast)  # an insurance broker by its kind, whatever the register says
    cast.add(m.Check(partner_id=partner.id, kind=m.CheckKind.ORIAS, result=m.CheckResult.PASSED, answered={"statuses": {"COA": "INSCRIT", "IFP": "INSCRIT"}}))
    cast.add(m.Check(partner_id=partner.id, kind=m.CheckKind.ORIAS, result=m.CheckResult.PASSED, answered={"statuses": statuses}))
    cast.add(m.Check(partner_id=partner.id, kind=m.CheckKind.ORIAS, result=m.CheckResult.UNAVAILABLE, answered={}))  # a silence says nothing
    with house.test_request_context(**EN):
        parts = cast.read(lambda session: entry_document.entry_parts(session, session.get_one(m.Partner, partner.id)))
    told = str([each["paragraphs"] for each in parts if each["title"] in ("Who advises you", "If something is not right", "Supervisory authorities")])
    assert [each for each in named if each not in told] == []
    assert [each for each in left_out if each in told] == []


@pytest.mark.parametrize("has_product", [True, False])
def test_a_report_names_the_product_only_where_the_contract_has_one(house, cast, has_product):
    partner, client = a_client(cast)
    supplier = cast.supplier()
    contract = cast.contract(partner, client, supplier=supplier, product_id=cast.product(supplier).id if has_product else None)
    cast.client_for("owner", partner).post(f"/portal/clients/{client.id}/letters/suitability", TYPED["suitability"] | {"contract_id": contract.id})
    about = newest(cast).body[0]["paragraphs"][1]
    assert about.startswith(f"This report is about the contract {contract.number}")
    assert (", " in about) is has_product


def test_another_clients_contract_is_in_no_report(house, cast):
    partner, client = a_client(cast)
    _partner, other = a_client(cast, partner=partner)
    contract = cast.contract(partner, other)
    page = cast.client_for("owner", partner).post(f"/portal/clients/{client.id}/letters/suitability", TYPED["suitability"] | {"contract_id": contract.id}, **EN)
    assert page.status_code == 422
    assert "not available" in page.text.split('id="contract_id_help"')[1][:300]


# --- the clock ------------------------------------------------------------------------------------


def life_contract(cast, partner, client, **facts):
    supplier = cast.supplier()
    return cast.contract(partner, client, supplier=supplier, product_id=cast.product(supplier, kind=m.ProductKind.LIFE_INSURANCE).id, **facts)


@pytest.mark.parametrize(
    ("effective", "advice", "due"),
    [
        (date(2010, 5, 1), [], date(2028, 10, 24)),  # older than the rule: the period begins with it
        (date(2025, 3, 1), [], date(2029, 3, 1)),
        (date(2025, 3, 1), [(m.AdviceKind.GIVEN, date(2026, 1, 15))], date(2030, 1, 15)),
        (date(2025, 3, 1), [(m.AdviceKind.PERSONAL, date(2026, 1, 15))], date(2028, 1, 15)),
        (date(2025, 3, 1), [(m.AdviceKind.PERSONAL, date(2025, 6, 1)), (m.AdviceKind.REFUSED, date(2026, 2, 1))], date(2030, 2, 1)),
        (date(2025, 3, 1), [(m.AdviceKind.SILENT, date(2026, 2, 1)), (m.AdviceKind.GIVEN, date(2025, 6, 1))], date(2030, 2, 1)),  # noted later, given before
    ],
)
def test_when_advice_is_to_be_renewed(house, cast, effective, advice, due):
    partner, client = a_client(cast)
    contract = life_contract(cast, partner, client, effective_on=effective)
    for kind, day in advice:
        cast.add(m.Advice(client_id=client.id, contract_id=contract.id, kind=kind, given_on=day))
    (clock,) = cast.read(lambda session: regulatory.clocks(session, session.get_one(m.Client, client.id)))
    assert clock.due_on == due


def test_advice_is_noted_for_ones_own_contract_and_not_ahead(house, cast):
    partner, client = a_client(cast)
    _partner, other = a_client(cast, partner=partner)
    mine, theirs = life_contract(cast, partner, client), life_contract(cast, partner, other)
    owner = cast.client_for("owner", partner)
    sent = {"client_id": client.id, "contract_id": mine.id, "kind": "given", "given_on": f"{m.today():%d/%m/%Y}"}
    assert "another client" in owner.post("/portal/advice/new", sent | {"contract_id": theirs.id}, **EN).text
    assert "yet to come" in owner.post("/portal/advice/new", sent | {"given_on": "01/01/2090"}, **EN).text
    assert owner.post("/portal/advice/new", sent).status_code == 302
    assert cast.count(m.Advice) == 1


def test_compliance_sees_what_is_missing_or_late_by_partner(house, cast):
    partner, client = a_client(cast, status=m.ClientStatus.CLIENT, knowledge=m.Knowledge.DUE)
    cast.client_paper(client, kind=m.ClientPaperKind.ENTRY, status=m.ClientPaperState.SIGNED, signed_at=m.now(), signed_by="A")
    a_client(cast, partner=partner, status=m.ClientStatus.CLIENT)
    a_client(cast, partner=partner)  # a prospect is not counted
    old = life_contract(cast, partner, client, effective_on=date(2015, 1, 1))
    fresh = life_contract(cast, partner, client, effective_on=date(2015, 1, 1))
    cast.add(m.Advice(client_id=client.id, contract_id=old.id, kind=m.AdviceKind.PERSONAL, given_on=m.today() - timedelta(days=740)))
    cast.add(m.Advice(client_id=client.id, contract_id=fresh.id, kind=m.AdviceKind.GIVEN, given_on=m.today() - timedelta(days=740)))
    (row,) = cast.read(regulatory.by_partner)
    assert (row.partner.id, row.clients, row.entry, row.questionnaires, row.due, row.mission, row.advice) == (partner.id, 2, 1, 1, 1, 2, 1)
    page = cast.client_for("compliance").get("/regulatory/", **EN).text
    assert f"/clients/?partner_id={partner.id}&amp;status=client&amp;knowledge=due" in page
    assert cast.client_for("owner", partner).get("/regulatory/").status_code == 403
    assert StepState.LATE.tone == "warn"
    assert BOLD

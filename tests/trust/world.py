"""Two partners with one of everything each, for the tests that look for somebody else's rows. Theirs carry a mark."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app import models as m
from tests.cast import Cast

MARK = "Zzleak"


@dataclass
class Side:
    """One partner's rows: the number of one record per entity."""

    partner: m.Partner
    ids: dict[str, int] = field(default_factory=dict)


def build(cast: Cast) -> tuple[Side, Side, dict[str, Any]]:
    """Ours, theirs (every text of it marked), and the shared catalogue."""
    supplier = cast.supplier(name="Boréal")
    product = cast.product(supplier, name="Sérénité")
    sides = []
    for mark in ("Notre", MARK):
        partner = cast.partner(name=f"{mark} Cabinet", city=f"{mark}ville", email=f"{mark.lower()}@example.org")
        side = Side(partner)
        client = cast.client(partner, last_name=f"{mark}client", city=f"{mark}ville")
        offering = cast.offering(name=f"{mark} offre", product=product)
        program = cast.add(m.Program(name=f"{mark} programme"))
        records = [
            partner,
            client,
            offering,
            program,
            cast.contract(partner, client, number=f"{mark}-1", supplier=supplier, reference=f"{mark}ref"),
            cast.document(partner, filename=f"{mark}.pdf"),
            cast.agreement(partner, name=f"{mark} convention"),
            cast.add(m.Contact(partner_id=partner.id, name=f"{mark} contact")),
            cast.add(m.BankAccount(partner_id=partner.id, holder=f"{mark} titulaire", iban="FR7630006000011234567890189", is_default=True)),
            cast.add(m.Task(partner_id=partner.id, name=f"{mark} tâche", shared=True)),
            cast.add(m.Note(partner_id=partner.id, text=f"{mark} note", shared=True)),
            cast.add(m.ProviderCode(partner_id=partner.id, supplier_id=supplier.id, code=f"{mark}code", valid_from=date(2026, 1, 1))),
            cast.add(m.Signatory(client_id=client.id, first_name=mark, last_name=f"{mark}signe", is_principal=True)),
            cast.add(m.ClientReference(client_id=client.id, supplier_id=supplier.id, reference=f"{mark}ref")),
            cast.add(m.Assignment(partner_id=partner.id, offering_id=offering.id, assigned_on=date(2026, 1, 1))),
            cast.add(m.Tier(program_id=program.id, name=f"{mark} niveau", points_from=0)),
            cast.add(m.Check(partner_id=partner.id, kind=m.CheckKind.SIREN, result=m.CheckResult.FAILED)),
        ]
        owner = cast.add(m.BeneficialOwner(partner_id=partner.id, first_name=mark, last_name=f"{mark}détient", birth_date=date(1970, 1, 1), share=60))
        records.append(owner)
        records.append(cast.add(m.Answers(partner_id=partner.id, questionnaire_id=1, values={"guarantee": f"{mark}garant"}, score=0, level="low", by=f"{mark} répond")))
        answered = {"client_id": client.id, "kind": m.QuestionnaireKind.QPR, "questionnaire_id": 3, "score": 10, "level": "secure", "by": f"{mark} répond"}
        records.append(cast.add(m.ClientAnswers(**answered, values={"goal": "keep"}, how=m.AnsweredHow.TOGETHER, review_on=date(2028, 1, 1))))
        records.append(cast.client_paper(client, records[-1]))
        records.append(cast.add(m.Advice(client_id=client.id, contract_id=next(each.id for each in records if isinstance(each, m.Contract)), kind=m.AdviceKind.GIVEN)))
        records.append(cast.add(m.PortfolioMove(from_partner_id=partner.id, to_partner_id=partner.id, by=mark, state=m.MoveState.DONE)))
        records.append(cast.add(m.Complaint(partner_id=partner.id, client_id=client.id, subject=f"{mark} réclamation", text=mark)))
        records.append(cast.add(m.DataRequest(client_id=client.id, kind=m.RequestKind.ACCESS, text=mark)))
        records.append(cast.add(m.LockedFile(partner_id=partner.id, name=f"{mark} ancien", purpose="x", until=date(2031, 1, 1), deleted_by="x", client_id=1, content={})))
        merge = {"source_id": 0, "source_name": f"{mark} doublon", "by": mark, "until": date(2031, 1, 1), "content": None}
        records.append(cast.add(m.ClientMerge(client_id=client.id, **merge)))
        records.append(cast.client_file(client, name=f"{mark} pièce.pdf", shared=True))
        found = {"subject": f"owner:{owner.id}", "subject_name": f"{mark} détient", "list_kind": m.ListKind.FREEZE, "reference": "1", "entry_name": f"{mark} gelé"}
        records.append(cast.add(m.ScreeningMatch(partner_id=partner.id, **found, entry_facts={}, likeness=90, reasons=[["same_name", 100]], compared="x")))
        records.append(cast.add(m.Partnership(partner_id=partner.id, program_id=program.id, starts_on=date(2026, 1, 1))))
        colleague = cast.member(partner, "member", first_name=mark, last_name=f"{mark}collègue")
        records.append(cast.read(lambda session, key=colleague.id: session.query(m.Membership).filter_by(user_id=key).one()))
        records.append(cast.add(m.SavedView(owner_id=colleague.id, place="/portal/clients/", name=f"{mark} vue", query="status=client")))
        side.ids = {type(record).__name__: record.id for record in records}
        sides.append(side)
    brought_in = cast.add(m.Import(kind=m.ImportKind.CLIENTS, filename="clients.csv", heads=["Notreclient"], lines=1))
    cast.add(m.ImportLine(import_id=brought_in.id, number=2, cells=["Notreclient"]))
    return sides[0], sides[1], {"Supplier": supplier.id, "Product": product.id, "Import": brought_in.id}

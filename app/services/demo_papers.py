"""The demo house's papers: agreements signed by both, a certificate that runs out, a file that waits for validation."""

from __future__ import annotations

from datetime import date, timedelta

from app.connectors import documents
from app.connectors.registers import local
from app.extensions import db
from app.models import Agreement, AgreementKind, BankAccount, DocumentKind, MemberRole, Membership, Partner, PartnerKind, Side, User, today
from app.services import agreements, demo_knowledge, files, papers, partners, signing, wordings
from app.services.papers import Particulars

AGENTS = [{"name": "Jean Peyraud", "town": "Mens"}, {"name": "Cabinet Obiou", "orias": "21 004 512", "town": "La Mure"}]


def sign_both(partner: Partner, agreement: Agreement, by: str, email: str) -> None:
    """An agreement as it lies in the file of an active partner: signed and counter-signed."""
    db.session.flush()
    first = signing.seal_of(agreement, partner, by, email, "192.0.2.1", "", None)
    signing.sign(agreement.id, first)
    signing.countersign(agreement, signing.counterseal_of(agreement, "Alice Moreau"))
    files.remove(first.kept.key)


def load_pieces(partner: Partner) -> None:
    """A certificate that runs out within the month, and an amendment that waits for its signature."""
    words = {"title": "Attestation de responsabilité civile (démonstration)", "house": "", "partner": "", "language": "fr", "parts": []}
    paper = files.put("attestation-rc-pro.pdf", "application/pdf", documents.render("agreement", words))
    papers.add(partner, DocumentKind.LIABILITY, paper, "Camille Rousseau", Particulars("RC-2026-118", today() + timedelta(days=24)))
    text = wordings.in_force(AgreementKind.AMENDMENT, partner.kind, "fr").text
    about = "Les offres de prévoyance s’ajoutent à la liste des offres que le Partenaire peut distribuer."
    agreements.offer_amendment(partner, "fr", agreements.own_words("Avenant n° 1", text.replace(text.split("\n\n")[4], about)))


def load_waiting_file(siren: str, hashed: str) -> None:
    """One file that waits, so that the first thing an administrator sees is something to do."""
    partner = Partner(
        name="Courtage du Trièves",
        kind=PartnerKind.INSURANCE_BROKER,
        siren=siren,
        rcs_town="Grenoble",
        orias_number=local.orias_number(siren),
        city="Mens",
        postcode="38710",
        street="3 place de la Halle",
        email="bonjour@trieves.example",
    )
    user = User(
        first_name="Anne-Marie",
        last_name="Faure",
        username="attente@trieves.example",
        email="attente@trieves.example",
        password=hashed,
        side=Side.PARTNER,
        active=True,
        birth_date=date(1979, 6, 2),
    )
    db.session.add_all([partner, user])
    db.session.flush()
    db.session.add(Membership(partner=partner, user=user, role=MemberRole.OWNER))
    paper = files.put(
        "piece-identite.pdf",
        "application/pdf",
        documents.render("agreement", {"title": "Pièce d’identité (démonstration)", "house": "", "partner": "", "language": "fr", "parts": []}),
    )
    papers.add(partner, DocumentKind.IDENTITY, paper, str(user), Particulars("12AB34569", date(2032, 6, 1)))
    db.session.add(BankAccount(partner=partner, holder=partner.name, iban="FR7630006000011234567890189"))
    db.session.flush()
    demo_knowledge.load_knowledge(partner, user.first_name, user.last_name, date(1979, 6, 2), contact="remote", procedures="old", agents="yes", agents_list=AGENTS)
    partners.submit(partner, str(user), "fr")
    agreement = agreements.to_sign(partner.id)
    assert agreement is not None
    signing.sign(agreement.id, signing.seal_of(agreement, partner, str(user), user.email, "192.0.2.7", "", None))
    partners.signed(partner, str(user))

"""The demo house: made-up partners, clients and contracts, one account per role. Numbers: DOMAIN 3; nobody real."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select
from stdnum import luhn
from werkzeug.security import generate_password_hash

from app.connectors.registers import local
from app.extensions import db
from app.models import (
    Assignment,
    BankAccount,
    Check,
    CheckKind,
    CheckResult,
    Client,
    ClientKind,
    ClientReference,
    ClientStatus,
    Contact,
    Contract,
    ContractStatus,
    Exercise,
    MemberRole,
    Membership,
    Note,
    Offering,
    OfferingStatus,
    Partner,
    PartnerKind,
    Partnership,
    PartnershipStatus,
    PartnerStatus,
    Product,
    ProductKind,
    Program,
    ProviderCode,
    Role,
    Side,
    Signatory,
    Supplier,
    SupplierKind,
    Task,
    Tier,
    Translation,
    User,
    now,
    today,
)
from app.models.base import IN_DATA
from app.services import agreements, demo_clients, demo_knowledge, demo_papers
from app.services.words import key_of

PASSWORD = "cordee-demo"  # noqa: S105 - the demo's, printed on its own sign-in page
STAFF = {
    "administrator": ("Claire", "Fontaine", "admin@cordee.example"),
    "manager": ("Hugo", "Lemaire", "manager@cordee.example"),
    "compliance": ("Inès", "Bernard", "compliance@cordee.example"),
    "reader": ("Paul", "Girard", "reader@cordee.example"),
    "translator": ("Nora", "Keller", "translator@cordee.example"),
}
MEMBERS = {
    MemberRole.OWNER: ("Camille", "Rousseau", "owner@alpes.example"),
    MemberRole.MEMBER: ("Léo", "Marchand", "member@alpes.example"),
    MemberRole.READ_ONLY: ("Zoé", "Perrin", "readonly@alpes.example"),
}
FIRST = [
    "Camille",
    "Louise",
    "Jade",
    "Emma",
    "Alice",
    "Chloé",
    "Inès",
    "Zoé",
    "Hugo",
    "Jules",
    "Gabriel",
    "Raphaël",
    "Léo",
    "Adam",
    "Noé",
    "Éloïse",
    "Jean-Baptiste",
    "Anne-Marie",
]
LAST = [
    "Martin",
    "Bernard",
    "Thomas",
    "Petit",
    "Robert",
    "Richard",
    "Durand",
    "Dubois",
    "Moreau",
    "Laurent",
    "Simon",
    "Lefèvre",
    "Bonnet",
    "François",
    "Garnier",
    "Faure",
    "Müller",
    "N’Guyen",
    "D’Almeida",
]
TOWNS = [
    ("75002", "Paris"),
    ("69002", "Lyon"),
    ("13001", "Marseille"),
    ("74000", "Annecy"),
    ("33000", "Bordeaux"),
    ("35000", "Rennes"),
    ("67000", "Strasbourg"),
    ("59000", "Lille"),
]
FIRMS = [
    "Patrimoine des Alpes",
    "Cabinet du Lac",
    "Horizon Conseil",
    "Courtage de l’Ouest",
    "Phare Patrimoine",
    "Les Assureurs du Midi",
    "Rive Gauche Finance",
    "Atelier du Crédit",
    "Belledonne Courtage",
    "Grand Large Conseil",
    "Épargne & Famille",
    "Sémaphore",
    "Vercors Patrimoine",
    "Cabinet Sainte-Anne",
    "Crédit Malin",
    "Provence Prévoyance",
]
SUPPLIERS = [
    ("Boréal Assurances", "BOREAL", SupplierKind.INSURER),
    ("Alpha Vie", "ALPHA", SupplierKind.INSURER),
    ("Pierre & Rendement", "PIERRE", SupplierKind.ASSET_MANAGER),
    ("Banque du Ponant", "PONANT", SupplierKind.BANK),
]
PRODUCTS = [
    ("BOREAL", "Sérénité Vie", ProductKind.LIFE_INSURANCE, 2, ["COA", "MIA"]),
    ("BOREAL", "Sérénité PER", ProductKind.PENSION, 3, ["COA", "MIA"]),
    ("ALPHA", "Horizon Vie", ProductKind.LIFE_INSURANCE, 3, ["COA", "MIA"]),
    ("ALPHA", "Capi Plus", ProductKind.CAPITALISATION, 3, ["COA", "MIA"]),
    ("PIERRE", "Pierre Rendement SCPI", ProductKind.PROPERTY_FUND, 4, ["CIF"]),
    ("PONANT", "Prêt Habitat", ProductKind.CREDIT, None, ["COBSP", "MIOBSP"]),
    ("ALPHA", "Prévoyance Famille", ProductKind.PROTECTION, 1, []),
]


def siren(number: int) -> str:
    stem = f"{99910000 + number:08d}"
    return stem + luhn.calc_check_digit(stem)


def accounts() -> list[tuple[str, str]]:
    """One account per role, as printed by `flask demo`."""
    return [(role, email) for role, (_f, _l, email) in STAFF.items()] + [(f"partner {role.value}", email) for role, (_f, _l, email) in MEMBERS.items()]


def load() -> bool:
    """Fills an empty house; False when somebody has been here before."""
    if db.session.scalar(select(User.id).limit(1)) is not None:
        return False
    luck = random.Random(2026)  # noqa: S311 - the same demo every time
    hashed = generate_password_hash(PASSWORD)  # everybody knows it: the demo has nothing to lose
    staff = [person(role, *facts, hashed) for role, facts in STAFF.items()]
    suppliers, offerings = load_catalogue()
    program, tiers = load_program()
    partners = [load_partner(number, name, luck, staff[1]) for number, name in enumerate(FIRMS)]
    db.session.flush()
    load_members(partners[0], hashed)
    partners[12].parent_id = partners[0].id
    for partner in partners:
        if partner.is_open:
            load_business(partner, suppliers, offerings, program, tiers, luck)
    demo_knowledge.load_lists()
    demo_knowledge.load_knowledge(partners[0], "Camille", "Rousseau", date(1985, 3, 14))
    demo_papers.load_pieces(partners[0])
    demo_papers.load_waiting_file(siren(90), hashed)
    demo_clients.load(partner_id := partners[0].id)
    db.session.commit()
    demo_clients.load_documents(partner_id)
    return True


def person(role: str, first: str, last: str, email: str, hashed: str) -> User:
    user = User(first_name=first, last_name=last, username=email, email=email, password=hashed, side=Side.STAFF, active=True)
    user.roles = [db.session.scalars(select(Role).where(Role.name == role)).one()]
    db.session.add(user)
    return user


def load_catalogue() -> tuple[dict[str, Supplier], list[Offering]]:
    suppliers = {code: Supplier(name=name, code=code, kind=kind) for name, code, kind in SUPPLIERS}
    db.session.add_all(suppliers.values())
    offerings = []
    for code, name, kind, risk, categories in PRODUCTS:
        product = Product(supplier=suppliers[code], name=name, kind=kind, risk_class=risk)
        offering = Offering(
            product=product,
            name=f"{name} 2026",
            status=OfferingStatus.OPEN,
            opens_on=date(2026, 1, 1),
            required_categories=categories,
            target_market="Particuliers résidents fiscaux français.",
        )
        db.session.add_all([product, offering])
        offerings.append(offering)
    return suppliers, offerings


# What the house's translators have made of the names above.
IN_ENGLISH = {
    "Cordée 2026": "Cordée 2026",
    "Le programme de la maison : plus la relation dure, plus elle rapporte.": "The house's program: the longer we work together, the more it pays.",
    "Bronze": "Bronze",
    "Argent": "Silver",
    "Or": "Gold",
    "Platine": "Platinum",
    "E-mail et messagerie": "E-mail and messages",
    "Chargé de compte dédié": "A dedicated account manager",
}


def load_program() -> tuple[Program, list[Tier]]:
    program = Program(name="Cordée 2026", description="Le programme de la maison : plus la relation dure, plus elle rapporte.")
    levels = [
        ("Bronze", 0, "60", "E-mail et messagerie"),
        ("Argent", 100, "65", "E-mail et messagerie"),
        ("Or", 300, "70", "Chargé de compte dédié"),
        ("Platine", 750, "75", "Chargé de compte dédié"),
    ]
    tiers = [Tier(program=program, name=name, points_from=points, reward_rate=Decimal(rate), support=support) for name, points, rate, support in levels]
    db.session.add_all([program, *tiers])
    for source, english in IN_ENGLISH.items():
        source = f"{IN_DATA}{source}"
        db.session.add(Translation(language="en", key=key_of(source), source=source, texts=[english]))
    return program, tiers


def load_partner(number: int, name: str, luck: random.Random, manager: User) -> Partner:
    postcode, town = luck.choice(TOWNS)
    kinds = [PartnerKind.INSURANCE_BROKER, PartnerKind.WEALTH_ADVISER, PartnerKind.CREDIT_BROKER, PartnerKind.INTRODUCER]
    kind = PartnerKind.INSURANCE_BROKER if number == 0 else luck.choice(kinds)
    status = PartnerStatus.SUSPENDED if number == 7 else PartnerStatus.DRAFT if number == 14 else PartnerStatus.ACTIVE
    partner = Partner(
        name=name,
        kind=kind,
        status=status,
        siren=siren(number),
        exercise=Exercise.COMMERCIAL,
        rcs_town=town,
        street=f"{luck.randrange(1, 90)} rue de la République",
        postcode=postcode,
        city=town,
        email=f"contact@firme{number}.example",
        phone=f"04{luck.randrange(10**7, 10**8):08d}",
        account_manager=manager,
    )
    if kind is not PartnerKind.INTRODUCER:
        partner.orias_number = local.orias_number(partner.siren or "")
    db.session.add(partner)
    return partner


def load_members(partner: Partner, hashed: str) -> None:
    for role, (first, last, email) in MEMBERS.items():
        user = User(first_name=first, last_name=last, username=email, email=email, password=hashed, side=Side.PARTNER, active=True, birth_date=date(1985, 3, 14))
        db.session.add_all([user, Membership(partner=partner, user=user, role=role)])


def load_business(partner: Partner, suppliers: dict[str, Supplier], offerings: list[Offering], program: Program, tiers: list[Tier], luck: random.Random) -> None:
    statuses = dict.fromkeys(("COA", "COBSP", "CIF", "MIA"), "INSCRIT")
    db.session.add(Check(partner=partner, kind=CheckKind.ORIAS, result=CheckResult.PASSED, register="local", asked=partner.siren or "", answered={"statuses": statuses}))
    db.session.add(
        Partnership(partner=partner, program=program, tier=luck.choice(tiers), status=PartnershipStatus.ACTIVE, starts_on=date(2024, luck.randrange(1, 13), 1))
    )
    db.session.add_all(Assignment(partner=partner, offering=offering, assigned_on=date(2026, 1, 15)) for offering in luck.sample(offerings, 4))
    db.session.add(Contact(partner=partner, name=f"{luck.choice(FIRST)} {luck.choice(LAST)}", job="Gestion", email="gestion@firme.example", phone="0145678901"))
    for supplier in suppliers.values():
        db.session.add(ProviderCode(partner=partner, supplier=supplier, code=f"{supplier.code[:2]}{partner.id:04d}", valid_from=date(2024, 1, 1)))
    db.session.add(BankAccount(partner=partner, holder=partner.name, iban="FR7630006000011234567890189", bic="AGRIFRPP", is_default=True))
    db.session.flush()
    demo_papers.sign_both(partner, agreements.offer(partner, "fr"), "Camille Rousseau", partner.email or "")
    db.session.add(
        Task(
            partner=partner,
            name="Transmettre l’attestation de responsabilité civile",
            due_on=today() + timedelta(days=luck.randrange(5, 60)),
            assignee=partner.account_manager,
            shared=True,
        )
    )
    db.session.add(Note(partner=partner, text="Rendez-vous de bilan prévu au prochain trimestre.", shared=True))
    for _number in range(min(int(luck.paretovariate(0.9) * 6), 120)):
        load_client(partner, list(suppliers.values()), luck)


def load_client(partner: Partner, suppliers: list[Supplier], luck: random.Random) -> None:
    postcode, town = luck.choice(TOWNS)
    company = luck.random() < 0.12
    client = Client(
        partner_id=partner.id,
        kind=ClientKind.COMPANY if company else ClientKind.PERSON,
        status=ClientStatus.CLIENT,
        postcode=postcode,
        city=town,
        phone=f"06{luck.randrange(10**7, 10**8):08d}",
        created_at=now() - timedelta(days=int(900 * luck.random() ** 1.5)),
    )
    if company:
        client.company_name = f"SCI {luck.choice(LAST)}"
    else:
        client.first_name, client.last_name = luck.choice(FIRST), luck.choice(LAST)
        client.birth_date = date(1945, 1, 1) + timedelta(days=luck.randrange(20_000))
        client.email = f"client{luck.randrange(10**6)}@example.org"
    db.session.add(client)
    db.session.flush()
    if not company:
        db.session.add(Signatory(client=client, first_name=client.first_name, last_name=client.last_name, birth_date=client.birth_date, is_principal=True))
    supplier = luck.choice(suppliers)
    reference = f"C{client.id:07d}"
    db.session.add(ClientReference(client=client, supplier=supplier, reference=reference))
    for _number in range(luck.choice([0, 1, 1, 2, 3])):
        load_contract(partner, client, supplier, reference, luck)
    client.status = ClientStatus.CLIENT if luck.random() < 0.85 else ClientStatus.PROSPECT


def load_contract(partner: Partner, client: Client, supplier: Supplier, reference: str, luck: random.Random) -> None:
    product = luck.choice(db.session.scalars(select(Product).where(Product.supplier_id == supplier.id)).all())
    orphan = luck.random() < 0.05
    db.session.add(
        Contract(
            number=f"{supplier.code[:2]}{luck.randrange(10**9):09d}",
            supplier=supplier,
            product=product,
            partner_id=partner.id,
            client=None if orphan else client,
            reference=reference,
            holder=client.full_name,
            status=ContractStatus.ACTIVE,
            amount=Decimal(luck.randrange(50_000, 40_000_000)) / 100,
            effective_on=today() - timedelta(days=int(5800 * luck.random() ** 2)),
            valued_on=date(2026, 10, 31),
            renews_on=date(2027, luck.randrange(1, 13), 1),
        )
    )

"""The small cast of the tests: people by role, and builders that write one record with sensible facts."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from flask_wtf.csrf import generate_csrf
from sqlalchemy import func, select
from stdnum import luhn
from werkzeug.security import generate_password_hash

from app import models as m
from app.connectors import files
from app.connectors.registers import local
from app.extensions import db
from app.models.scope import SYSTEM, acting
from app.services import client_links, demo_knowledge, sign_ins
from app.services.crossings import crossing
from app.services.questionnaires import answers

PASSWORD = "a long enough password"
HASH = generate_password_hash(PASSWORD, method="pbkdf2:sha256:1000")
STAFF_ROLES = ("administrator", "manager", "compliance", "reader", "translator")
PARTNER_ROLES = ("owner", "member", "read_only")


class Visitor:
    """A browser without a screen: a test client that adds CSRF tokens and one-time tokens to what it posts."""

    def __init__(self, app: Any, secret: str | None = None) -> None:
        self.app, self.client = app, app.test_client()
        self.tokens = itertools.count()
        if secret:
            with self.client.session_transaction() as session:
                session["sign_in"] = secret

    def get(self, url: str, **options: Any) -> Any:
        return self.client.get(url, **options)

    def csrf(self) -> str:
        with self.client.session_transaction() as session, self.app.test_request_context():
            from flask import g, session as flask_session

            flask_session.update(session)
            token = generate_csrf()
            session["csrf_token"] = flask_session["csrf_token"]
            g.pop("csrf_token", None)
        return token

    def post(self, url: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        sent = {"csrf_token": self.csrf(), "one_time": f"token-{id(self)}-{next(self.tokens)}"} | (data or {})
        answer = self.client.post(url, data=sent, **options)
        answer.request.environ["wsgi.input"].close()  # the test client keeps a large body in a file and leaves it open
        return answer


class Cast:
    def __init__(self, app: Any) -> None:
        self.app = app
        self.numbers = itertools.count(1)

    @contextmanager
    def writing(self) -> Any:
        with self.app.app_context(), acting(db.session(), SYSTEM, "tests"):
            yield db.session
            db.session.commit()

    def add(self, record: Any) -> Any:
        with self.writing() as session:
            session.add(record)
        return record

    # --- companies and people -----------------------------------------------------------------

    def partner(self, **facts: Any) -> m.Partner:
        number = next(self.numbers)
        defaults = {
            "name": f"Cabinet {number}",
            "status": m.PartnerStatus.ACTIVE,
            "siren": self.siren(),
            "rcs_town": "Lyon",
            "city": "Lyon",
            "email": f"cabinet{number}@example.org",
            "kind": m.PartnerKind.INSURANCE_BROKER,
        }
        facts.setdefault("orias_number", local.orias_number((defaults | facts)["siren"] or ""))
        return self.add(m.Partner(**defaults | facts))

    def siren(self) -> str:
        stem = f"{99940000 + next(self.numbers) * 10 + 1:08d}"
        return stem + luhn.calc_check_digit(stem)

    def staff(self, role: str = "administrator", **facts: Any) -> m.User:
        number = next(self.numbers)
        defaults = {
            "first_name": role.title(),
            "last_name": f"N{number}",
            "username": f"{role}{number}@staff.example.org",
            "email": f"{role}{number}@staff.example.org",
            "password": HASH,
            "side": m.Side.STAFF,
            "active": True,
        }
        with self.writing() as session:
            user = m.User(**defaults | facts)
            user.roles = [session.scalars(select(m.Role).where(m.Role.name == role)).one()]
            session.add(user)
        return user

    def member(self, partner: m.Partner, role: str = "owner", **facts: Any) -> m.User:
        number = next(self.numbers)
        own = facts.pop("own_clients_only", False)
        defaults = {
            "first_name": role.title(),
            "last_name": f"P{number}",
            "username": f"{role}{number}@example.org",
            "email": f"{role}{number}@example.org",
            "password": HASH,
            "side": m.Side.PARTNER,
            "active": True,
        }
        with self.writing() as session:
            user = m.User(**defaults | facts)
            session.add(user)
            session.flush()
            session.add(m.Membership(user_id=user.id, partner_id=partner.id, role=m.MemberRole(role), own_clients_only=own))
        return user

    def signed_in(self, user: m.User, partner: m.Partner | None = None) -> Visitor:
        with self.app.app_context(), crossing(reading=False) as session:
            secret = sign_ins.open_sign_in(session, user.id, partner.id if partner else None)
            session.commit()
        return Visitor(self.app, secret)

    def client_for(self, role: str, partner: m.Partner | None = None) -> Visitor:
        """A signed-in browser: of staff, or of a partner's person."""
        if role in STAFF_ROLES:
            return self.signed_in(self.staff(role))
        partner = partner or self.partner()
        return self.signed_in(self.member(partner, role), partner)

    def invite(self, partner: m.Partner, inviter: Visitor, email: str) -> str:
        """Invites by the staff's screen; returns the link's path in the mail."""
        assert inviter.post(f"/partners/{partner.id}/invite", {"email": email, "language": "en"}).status_code == 302
        return re.search(r"http://localhost(/partner/confirm/\S+)", self.mails()[-1].text)[1]

    def guest(self, client: m.Client) -> Visitor:
        """The browser of a client who has come by a link; its notifications are on."""
        with self.app.app_context(), crossing(reading=False) as session:
            held = session.get_one(m.Client, client.id)
            held.notifications, held.email = True, held.email or "client@example.org"
            link, _row = client_links.new(session, held, held.email)
            session.commit()
            visit = client_links.enter(link.rpartition("/")[2])
        visitor = Visitor(self.app)
        with visitor.client.session_transaction() as session:
            session["guest"] = visit
        return visitor

    def questionnaire_sent(self, client: m.Client, **facts: Any) -> m.QuestionnaireSent:
        defaults = {"client_id": client.id, "kind": m.QuestionnaireKind.QPR, "questionnaire_id": 3, "sent_to": "client@example.org", "by": "tests"}
        return self.add(m.QuestionnaireSent(**defaults | {"expires_at": m.now() + timedelta(days=30), "begun": {}} | facts))

    def stranger(self) -> Visitor:
        return Visitor(self.app)

    # --- records --------------------------------------------------------------------------------

    def supplier(self, **facts: Any) -> m.Supplier:
        number = next(self.numbers)
        return self.add(m.Supplier(**{"name": f"Assureur {number}", "code": f"A{number}"} | facts))

    def product(self, supplier: m.Supplier | None = None, **facts: Any) -> m.Product:
        return self.add(m.Product(**{"name": f"Produit {next(self.numbers)}", "supplier_id": (supplier or self.supplier()).id} | facts))

    def offering(self, **facts: Any) -> m.Offering:
        product = facts.pop("product", None) or self.product()
        return self.add(
            m.Offering(**{"name": f"Offre {next(self.numbers)}", "product_id": product.id, "status": m.OfferingStatus.OPEN, "opens_on": date(2026, 1, 1)} | facts)
        )

    def client(self, partner: m.Partner, **facts: Any) -> m.Client:
        return self.add(m.Client(**{"partner_id": partner.id, "last_name": f"Durand{next(self.numbers)}", "first_name": "Alice"} | facts))

    def contract(self, partner: m.Partner | None, client: m.Client | None = None, **facts: Any) -> m.Contract:
        number = next(self.numbers)
        supplier = facts.pop("supplier", None) or self.supplier()
        defaults = {
            "number": f"C-{number:06d}",
            "supplier_id": supplier.id,
            "partner_id": partner.id if partner else None,
            "client_id": client.id if client else None,
            "amount": Decimal("1234.50"),
            "effective_on": date(2020, 5, 1),
        }
        with self.writing() as session:
            contract = m.Contract(**defaults | facts)
            if client:
                contract.client = session.get_one(m.Client, client.id)
            session.add(contract)
        return contract

    def knowledge(self, partner: m.Partner, **changes: Any) -> m.Answers:
        """A beneficial owner who holds it all, and answers to the questionnaire in force."""
        with self.writing() as session:
            demo_knowledge.load_knowledge(session.get_one(m.Partner, partner.id), "Jeanne", "Martin", date(1974, 8, 12), **changes)
            return answers.latest(partner.id, m.QuestionnaireKind.KNOW_YOUR_PARTNER)

    def document(self, partner: m.Partner, **facts: Any) -> m.Document:
        key = files.new_key()
        files.chosen.put(key, b"%PDF-1.4 a document\n%%EOF")
        defaults = {
            "partner_id": partner.id,
            "kind": m.DocumentKind.IDENTITY,
            "key": key,
            "filename": "piece.pdf",
            "media_type": "application/pdf",
            "size": 27,
            "digest": "0" * 64,
            "uploaded_by": "tests",
        }
        said = {name: facts.pop(name) for name in ("number", "zone") if name in facts}
        document = self.add(m.Document(**defaults | facts))
        if document.kind == m.DocumentKind.IDENTITY:
            self.add(m.IdentityPaper(partner_id=partner.id, document_id=document.id, **{"number": "12AB34567"} | said))
        return document

    def agreement(self, partner: m.Partner, **facts: Any) -> m.Agreement:
        key = files.new_key()
        files.chosen.put(key, b"%PDF-1.4 an agreement\n%%EOF")
        defaults = {
            "partner_id": partner.id,
            "name": "Convention de distribution",
            "status": m.AgreementStatus.SIGNED,
            "key": key,
            "digest": "1" * 64,
            "expires_at": m.now(),
            "signed_at": m.now(),
            "signed_by": "Somebody",
            "countersigned_at": m.now(),
            "countersigned_by": "Somebody",
        }
        return self.add(m.Agreement(**defaults | facts))

    def client_paper(self, client: m.Client, answers: m.ClientAnswers | None = None, **facts: Any) -> m.ClientPaper:
        key = files.new_key()
        files.chosen.put(key, b"%PDF-1.4 a result\n%%EOF")
        defaults = {
            "client_id": client.id,
            "answers_id": answers.id if answers else None,
            "kind": m.ClientPaperKind.QPR,
            "name": f"Profil de {client.last_name}",
            "key": key,
            "digest": "2" * 64,
            "sent_at": m.now(),
        }
        return self.add(m.ClientPaper(**defaults | facts))

    def client_file(self, client: m.Client, content: bytes = b"%PDF-1.4 a file\n%%EOF", **facts: Any) -> m.ClientFile:
        key = files.new_key()
        files.chosen.put(key, content)
        name = facts.pop("name", f"Pièce {client.last_name}.pdf")
        kept = {"key": key, "media_type": "application/pdf", "size": len(content), "digest": hashlib.sha256(content).hexdigest(), "by": "tests"}
        file = self.add(m.ClientFile(client_id=client.id, name=name, name_key=m.fold(name), number=1, **kept, **facts))
        self.add(m.ClientFileVersion(client_id=client.id, file_id=file.id, number=1, **kept))
        return file

    # --- looking --------------------------------------------------------------------------------

    def read(self, look: Callable[[Any], Any], piecemeal: bool = False) -> Any:
        """Looks into the database as the system, on a session of its own."""
        with self.app.app_context(), crossing(piecemeal=piecemeal) as session:
            return look(session)

    def count(self, entity: Any, *where: Any) -> int:
        return self.read(lambda session: session.scalar(select(func.count()).select_from(entity).where(*where)))

    def get(self, entity: Any, key: int) -> Any:
        return self.read(lambda session: session.get(entity, key))

    def mails(self) -> list[m.Mail]:
        return self.read(lambda session: list(session.scalars(select(m.Mail).order_by(m.Mail.id))))

"""Becoming a partner: register or follow an invitation, then a file in steps that can be left and resumed, then a signature."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask_babel import gettext, lazy_gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import Optional

from app.extensions import db
from app.models import BankAccount, Document, DocumentKind, Partner, PartnerStatus, User, today
from app.services import agreements, checks, files, identifiers, once, partners, registration
from app.services.files import Kept
from app.services.refusals import RuleBroken, refuse_all
from app.views import companies
from app.views.base import APPLICANTS, EVERYBODY, HouseForm, HouseView, drafts, page, signed_in
from app.views.base.days import DayField
from app.views.base.forms import Checked, IdentifierField, LengthSaid, PersonName, Required, cleaned, form_for
from app.views.files import send
from app.views.languages import choose_language
from app.views.sign_in import open_session

STEPS = ("you", "company", "documents", "submit")
STEP_WORDS = {"you": _("You"), "company": _("Your company"), "documents": _("Documents and bank account"), "submit": _("Check and submit"), "sign": _("Sign")}
CAN_BE_FILLED = (PartnerStatus.DRAFT, PartnerStatus.REFUSED)
COMPANY = ["name", "trade_name", "kind", "exercise", "siren", "rcs_town", "orias_number", "phone", "website", "street", "postcode", "city", "country"]


class RegisterForm(HouseForm):
    first_name = StringField(_("First name"), [Required(), LengthSaid(max=64), PersonName()], filters=[cleaned])
    last_name = StringField(_("Last name"), [Required(), LengthSaid(max=64), PersonName()], filters=[cleaned])
    email = StringField(_("Work e-mail"), [Required(), LengthSaid(max=320), Checked("email")], filters=[cleaned])


class PasswordChoiceForm(HouseForm):
    first_name = StringField(_("First name"), [Required(), LengthSaid(max=64), PersonName()], filters=[cleaned])
    last_name = StringField(_("Last name"), [Required(), LengthSaid(max=64), PersonName()], filters=[cleaned])
    password = PasswordField(_("Password"), [Required()], description=_("At least 10 characters."))
    password_again = PasswordField(_("Password again"), [Required()])


class YouForm(HouseForm):
    first_name = StringField(_("First name"), [Required(), LengthSaid(max=64), PersonName()], filters=[cleaned])
    last_name = StringField(_("Last name"), [Required(), LengthSaid(max=64), PersonName()], filters=[cleaned])
    birth_date = DayField(_("Birth date"), [Required(), Checked("birth_date")])
    job_title = StringField(_("Job title"), [Optional(), LengthSaid(max=100)], filters=[cleaned])
    phone = IdentifierField(_("Phone"), [Optional(), LengthSaid(max=60), Checked("phone")], filters=[cleaned], kind="phone")


class DocumentsForm(HouseForm):
    identity_number = StringField(_("Number of the identity document"), [Optional(), LengthSaid(max=40)], filters=[cleaned])
    identity_expires_on = DayField(_("Expires on"), [Optional()])
    holder = StringField(_("Account holder"), [Optional(), LengthSaid(max=140)], filters=[cleaned])
    iban = IdentifierField(_("IBAN for your commissions"), [Optional(), LengthSaid(max=60), Checked("iban")], filters=[cleaned], kind="iban")


class DoorView(HouseView):
    """Registration and one-time links: open to everybody, and silent about who has an account."""

    access, frame, route_base = EVERYBODY, "bare", "/partner"

    @page("/register", methods=("GET", "POST"))
    def register(self) -> Any:
        form = RegisterForm()
        if form.validate_on_submit():
            try:
                registration.register(form.email.data or "", form.first_name.data or "", form.last_name.data or "", choose_language(), request.remote_addr or "")
                return render_template("registration/sent.html", email=form.email.data)
            except RuleBroken as refusal:
                form.refuse(refusal)
        return render_template("registration/register.html", form=form), 422 if form.is_submitted() else 200

    @page("/confirm/<secret>", methods=("GET", "POST"))
    def confirm(self, secret: str) -> Any:
        """A link of a registration or an invitation: choose a password, and the file begins."""
        try:
            link = registration.find_link(secret)
        except RuleBroken as refusal:
            return render_template("registration/dead_link.html", sentence=refusal.sentence), 410
        known = registration.has_account(link)
        form = PasswordChoiceForm(first_name=link.first_name, last_name=link.last_name)
        if known:
            del form.first_name, form.last_name, form.password, form.password_again
        if request.method == "POST" and form.validate():
            try:
                names = ("", "") if known else (form.first_name.data, form.last_name.data)
                passwords = ("", "") if known else (form.password.data, form.password_again.data)
                opened = registration.accept(secret, *names, *passwords)
                if opened is None:
                    flash(gettext("You now belong to this company. Please sign in."), "good")
                    return redirect("/partner/signin")
                open_session(opened)
                return redirect("/portal/")
            except RuleBroken as refusal:
                form.refuse(refusal)
        return render_template("registration/confirm.html", form=form, link=link, known=known), 422 if request.method == "POST" else 200


class RegistrationView(HouseView):
    """The file of whoever is not yet a partner: one's own, and nothing else."""

    access, frame, route_base = APPLICANTS, "portal", "/partner/file"

    def partner(self) -> Partner:
        return db.first_or_404(select(Partner).where(Partner.id == signed_in().partner_id))

    @page("/")
    def file(self) -> Response:
        """Resumes where the file was left."""
        partner = self.partner()
        if partner.status in CAN_BE_FILLED:
            return redirect(f"/partner/file/{self.first_open_step(partner)}")
        return redirect("/partner/file/sign" if partner.status is PartnerStatus.TO_SIGN else "/partner/file/waiting")

    def first_open_step(self, partner: Partner) -> str:
        user = db.session.get_one(User, signed_in().id)
        lacking = partners.missing(partner)
        if user.birth_date is None:
            return "you"
        if lacking.keys() & set(COMPANY):
            return "company"
        return "documents" if lacking else "submit"

    @page("/<any(you, company, documents, submit):step>", methods=("GET", "POST"))
    def step(self, step: str) -> Any:
        # Pictures are drawn and PDFs read before a transaction begins: that takes a second, and nobody's writing waits for it.
        handed_in = look_at_files() if request.method == "POST" and step == "documents" else {}
        partner = self.partner()
        if request.method == "POST" and step in ("company", "submit") and partner.status in CAN_BE_FILLED:
            siren = identifiers.squeezed(request.form.get("siren", "")) if step == "company" else partner.siren
            db.session.rollback()  # the registers are asked before the transaction as well: they may be slow
            checks.foresee(siren)
            partner = self.partner()
        if partner.status not in CAN_BE_FILLED:
            flash(gettext("This step is completed: your file has been submitted."), "warn")
            return redirect("/partner/file/")
        return self.step_documents(partner, handed_in) if step == "documents" else getattr(self, f"step_{step}")(partner)

    def render(self, step: str, partner: Partner, form: HouseForm | None, status: int = 200, **more: Any) -> Any:
        numbered = [(name, STEP_WORDS[name]) for name in (*STEPS, "sign")]
        reason = (
            next((move.reason for move in partners.moves_of(partner.id) if move.after is PartnerStatus.REFUSED), "") if partner.status is PartnerStatus.REFUSED else ""
        )
        return render_template(
            f"registration/{step}.html",
            steps=numbered,
            step=step,
            partner=partner,
            form=form,
            reason=reason,
            one_time=once.new_token(),
            draft=drafts.begun() if step == "company" else None,
            **more,
        ), status

    def keep(self, step: str, partner: Partner, form: HouseForm, save: Any, **more: Any) -> Any:
        """Saves a step and goes on to the next; a refusal shows the step again with everything typed."""
        if request.method == "POST" and form.validate():
            try:
                save()
                db.session.commit()
                drafts.done()
                return redirect(f"/partner/file/{STEPS[STEPS.index(step) + 1]}")
            except RuleBroken as refusal:
                db.session.rollback()
                partner = self.partner()
                form.refuse(refusal)
                more["refusal"] = refusal
        return self.render(step, partner, form, 422 if request.method == "POST" else 200, **more)

    def step_you(self, partner: Partner) -> Any:
        user = db.session.get_one(User, signed_in().id)
        form = YouForm(obj=user)
        return self.keep("you", partner, form, lambda: form.populate_obj(user))

    def step_company(self, partner: Partner) -> Any:
        typed = drafts.typed()
        form = form_for(Partner, COMPANY)(obj=partner, **({"formdata": typed} if typed is not None else {}))
        for name in ("name", "siren", "city"):
            form[name].flags.required = True
        if (assisted := companies.filled(form)) is not None:
            return self.render("company", partner, form, assisted=assisted)

        def save() -> None:
            for name in COMPANY:
                setattr(partner, name, form[name].data if form[name].data is not None or name != "name" else "")
            refuse_all({name: sentence for name, sentence in partners.missing(partner).items() if name in COMPANY})
            checks.refuse_impossible_siren(partner)

        return self.keep("company", partner, form, save)

    def step_documents(self, partner: Partner, handed_in: dict[str, Kept | RuleBroken]) -> Any:
        held = {kind: checks.newest_document(partner.id, kind) for kind in DocumentKind}
        identity = held[DocumentKind.IDENTITY]
        account = db.session.scalar(select(BankAccount).where(BankAccount.partner_id == partner.id).order_by(BankAccount.id).limit(1))
        start = {
            "identity_number": identity.number if identity else None,
            "identity_expires_on": identity.expires_on if identity else None,
            "holder": account.holder if account else partner.name,
            "iban": account.iban if account else None,
        }
        form = DocumentsForm(data=start)
        refusals: dict[str, Any] = {}
        if request.method == "POST":
            good = form.validate()
            # Files that are fine are kept even when something else is refused, so that nobody has to choose them again.
            refusals = self.take_documents(partner, form, identity, handed_in)
            if good and not refusals:
                try:
                    self.save_account(partner, form, account)
                    db.session.commit()
                    return redirect("/partner/file/submit")
                except RuleBroken as refusal:
                    db.session.rollback()
                    partner = self.partner()
                    form.refuse(refusal)
            held = {kind: checks.newest_document(partner.id, kind) for kind in DocumentKind}
        return self.render("documents", partner, form, 422 if request.method == "POST" else 200, held=held, kinds=DocumentKind, refusals=refusals)

    def take_documents(self, partner: Partner, form: HouseForm, identity: Document | None, handed_in: dict[str, Kept | RuleBroken]) -> dict[str, Any]:
        """Keeps each file that was sent; returns what was refused, by field."""
        refusals: dict[str, Any] = {}
        details = {"number": form.identity_number.data, "expires_on": form.identity_expires_on.data}
        details = details if not form.identity_number.errors and not form.identity_expires_on.errors else {}
        if identity is not None and details.get("number"):
            identity.number, identity.expires_on = details["number"], details["expires_on"]
        for kind in DocumentKind:
            field = f"document_{kind.value}"
            kept = handed_in.get(field)
            if isinstance(kept, RuleBroken):
                refusals[field] = kept.sentence
            elif kept is not None:
                more = details if kind is DocumentKind.IDENTITY else {}
                db.session.add(
                    Document(
                        partner_id=partner.id,
                        kind=kind,
                        key=kept.key,
                        filename=kept.filename,
                        media_type=kept.media_type,
                        size=kept.size,
                        digest=kept.digest,
                        uploaded_by=signed_in().name,
                        **more,
                    )
                )
        db.session.commit()
        if "document_identity" not in refusals and checks.newest_document(partner.id, DocumentKind.IDENTITY) is None:
            refusals["document_identity"] = partners.missing(partner)["document_identity"]
        return refusals

    def save_account(self, partner: Partner, form: HouseForm, account: BankAccount | None) -> None:
        wrong: dict[str, str] = {}
        if not form.identity_number.data:
            wrong["identity_number"] = gettext("Please enter the number of your identity document.")
        if form.identity_expires_on.data is not None and form.identity_expires_on.data < today():
            wrong["identity_expires_on"] = gettext("This document has expired. Please hand in one that is valid.")
        if not form.iban.data:
            wrong["iban"] = gettext("Please enter the bank account for your commissions.")
        refuse_all(wrong)
        if account is None:
            account = BankAccount(partner_id=partner.id)
            db.session.add(account)
        account.iban, account.holder = form.iban.data, form.holder.data or partner.name
        db.session.flush()
        partners.saved_account(account, new=True)

    def step_submit(self, partner: Partner) -> Any:
        lacking = partners.missing(partner)
        refusal = None
        if request.method == "POST":
            try:
                once.claim(request.form.get("one_time"), signed_in().id)
                partners.submit(partner, signed_in().name, choose_language())
                db.session.commit()
                return redirect("/partner/file/sign")
            except once.AlreadyDone:
                return redirect("/partner/file/")
            except RuleBroken as broken:
                db.session.rollback()
                partner, refusal = self.partner(), broken
        documents = partners.documents_of(partner.id)
        account = db.session.scalar(select(BankAccount).where(BankAccount.partner_id == partner.id).order_by(BankAccount.id).limit(1))
        return self.render(
            "submit",
            partner,
            None,
            422 if refusal else 200,
            lacking=lacking,
            refusal=refusal,
            documents=documents,
            account=account,
            user=db.session.get_one(User, signed_in().id),
            step_of=step_of,
        )

    @page("/sign", methods=("GET", "POST"))
    def sign(self) -> Any:
        who = signed_in()
        refusal = None
        if request.method == "POST":
            try:
                return self.sign_with_code(request.form.get("agreement", ""), request.form.get("code", "").replace("\x00", "")[:20])
            except RuleBroken as broken:
                db.session.rollback()
                refusal = broken
        partner = self.partner()
        agreement = agreements.to_sign(partner.id)
        if partner.status is not PartnerStatus.TO_SIGN or agreement is None:
            return redirect("/partner/file/")
        return self.render(
            "sign",
            partner,
            None,
            422 if refusal else 200,
            agreement=agreement,
            refusal=refusal,
            sent=request.form,
            consent=agreements.consent(agreement.language),
            expired=not agreement.can_be_signed,
            code_sent=bool(request.args.get("sent")) or request.method == "POST",
            email=who.email,
        )

    def sign_with_code(self, sent: str, code: str) -> Response:
        """The code is burnt on a session of its own before the request's begins: a wrong try counts."""
        who = signed_in()
        if not sent.isdecimal() or len(sent) > 9:
            raise RuleBroken(_("There is nothing to sign any more. Please open your file again."))
        if not request.form.get("consent"):
            raise RuleBroken(_("Please tick the box that says you have read the agreement."), "consent")
        if not code.strip():
            raise RuleBroken(_("Please enter the code that was sent to you."), "code")
        proof = agreements.use_code(int(sent), who.scope, code)
        partner = self.partner()
        agreement = agreements.to_sign(partner.id)
        if agreement is None or agreement.id != int(sent):
            raise RuleBroken(_("There is nothing to sign any more. Please open your file again."))
        agreements.sign(agreement, who.name, who.email, request.remote_addr or "", proof)
        partners.signed(partner, who.name)
        db.session.commit()
        return redirect("/partner/file/waiting")

    @page("/sign/code", methods=("POST",))
    def send_code(self) -> Response:
        sent = request.form.get("agreement", "")
        try:
            agreements.send_code(int(sent) if sent.isdecimal() and len(sent) < 10 else 0, signed_in().scope, signed_in().email, choose_language())
            flash(gettext("A code has been sent to %(email)s.", email=signed_in().email), "good")
        except RuleBroken as refusal:
            flash(str(refusal.sentence), "bad")
        return redirect("/partner/file/sign?sent=1")

    @page("/sign/renew", methods=("POST",))
    def renew(self) -> Response:
        """Offers the agreement again, once the first offer has expired."""
        try:
            agreements.renew(self.partner(), choose_language())
            db.session.commit()
        except RuleBroken as refusal:
            db.session.rollback()
            flash(str(refusal.sentence), "bad")
        return redirect("/partner/file/sign")

    @page("/waiting")
    def waiting(self) -> Any:
        partner = self.partner()
        if partner.status in CAN_BE_FILLED or partner.status is PartnerStatus.TO_SIGN:
            return redirect("/partner/file/")
        return render_template("registration/waiting.html", partner=partner, moves=partners.moves_of(partner.id))

    @page("/agreement.pdf")
    def agreement(self) -> Response:
        found = next(iter(agreements.of_partner(signed_in().partner_id or 0)), None)
        if found is None:
            abort(404)
        return send(found.key, f"{found.name}.pdf", "application/pdf")


def look_at_files() -> dict[str, Kept | RuleBroken]:
    """Each file of the documents step by its field: kept, or why not."""
    found: dict[str, Kept | RuleBroken] = {}
    for kind in DocumentKind:
        field = f"document_{kind.value}"
        sent = request.files.get(field)
        if sent and sent.filename:
            try:
                found[field] = files.keep(sent.filename, sent.stream.read(files.LARGEST + 1), field)
            except RuleBroken as refusal:
                found[field] = refusal
    return found


def step_of(field: str) -> str:
    """The step in which a missing field is filled in."""
    return "documents" if field.startswith("document_") or field == "iban" else "company"

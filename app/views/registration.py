"""Becoming a partner: register or follow an invitation, then a file in steps that can be left and resumed, then a signature."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import gettext, lazy_gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField, TextAreaField
from wtforms.validators import Optional

from app.extensions import db
from app.models import BankAccount, Document, DocumentKind, Partner, PartnerStatus, QuestionnaireKind, User
from app.services import agreements, checks, files, identifiers, once, owners, papers, partners, registration, settings
from app.services.files import Kept
from app.services.papers import Particulars
from app.services.questionnaires import answers
from app.services.refusals import RuleBroken, refuse_all
from app.views import activity, companies
from app.views.base import APPLICANTS, EVERYBODY, HouseForm, HouseView, drafts, page, signed_in
from app.views.base.days import DayField
from app.views.base.forms import Checked, IdentifierField, LengthSaid, PersonName, Required, cleaned, form_for
from app.views.base.guards import asks_again
from app.views.languages import choose_language
from app.views.papers import ZONE_HELP
from app.views.sign_in import open_session

STEPS = ("you", "company", "documents", "activity", "submit")
STEP_WORDS = {
    "you": _("You"),
    "company": _("Your company"),
    "documents": _("Documents and bank account"),
    "activity": _("Owners and activity"),
    "submit": _("Check and submit"),
    "sign": _("Sign"),
}


def steps() -> tuple[str, ...]:
    """The steps of a file; owners and questions are not asked for where that has been switched off."""
    return tuple(name for name in STEPS if name != "activity" or settings.questionnaire_is_on())


def after(step: str) -> str:
    return f"/partner/file/{steps()[steps().index(step) + 1]}"


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
    mrz = TextAreaField(_("Machine-readable lines"), [Optional(), LengthSaid(max=200)], description=ZONE_HELP)
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


def wizard(step: str, partner: Partner, form: HouseForm | None, status: int = 200, **more: Any) -> Any:
    """A step of the file, with the way through them above it."""
    moves = partners.moves_of(partner.id) if partner.status is PartnerStatus.REFUSED else []
    return render_template(
        f"registration/{step}.html",
        steps=[(name, STEP_WORDS[name]) for name in (*steps(), "sign")],
        step=step,
        partner=partner,
        form=form,
        reason=next((move.reason for move in moves if move.after is PartnerStatus.REFUSED), ""),
        one_time=once.new_token(),
        draft=drafts.begun() if step in ("company", "activity") else None,
        **more,
    ), status


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
        if lacking.keys() - {"owners", "questionnaire"}:
            return "documents"
        return "activity" if lacking else "submit"

    @page("/<any(you, company, documents, activity, submit):step>", methods=("GET", "POST"))
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

    def keep(self, step: str, partner: Partner, form: HouseForm, save: Any, **more: Any) -> Any:
        """Saves a step and goes on to the next; a refusal shows the step again with everything typed."""
        if request.method == "POST" and form.validate():
            try:
                save()
                db.session.commit()
                drafts.done()
                return redirect(after(step))
            except RuleBroken as refusal:
                db.session.rollback()
                partner = self.partner()
                form.refuse(refusal)
                more["refusal"] = refusal
        return wizard(step, partner, form, 422 if request.method == "POST" else 200, **more)

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
            return wizard("company", partner, form, assisted=assisted)

        def save() -> None:
            for name in COMPANY:
                setattr(partner, name, form[name].data if form[name].data is not None or name != "name" else "")
            refuse_all({name: sentence for name, sentence in partners.missing(partner).items() if name in COMPANY})
            checks.refuse_impossible_siren(partner)

        return self.keep("company", partner, form, save)

    def step_documents(self, partner: Partner, handed_in: dict[str, Kept | RuleBroken]) -> Any:
        held = {kind: checks.newest_document(partner.id, kind) for kind in DocumentKind}
        identity = held[DocumentKind.IDENTITY]
        paper = papers.paper_of(identity) if identity else None
        account = db.session.scalar(select(BankAccount).where(BankAccount.partner_id == partner.id).order_by(BankAccount.id).limit(1))
        start = {
            "mrz": paper.zone if paper else None,
            "identity_number": paper.number if paper else None,
            "identity_expires_on": identity.expires_on if identity else None,
            "holder": account.holder if account else partner.name,
            "iban": account.iban if account else None,
        }
        form = DocumentsForm(data=start)
        for name in ("identity_number", "iban"):
            form[name].flags.required = True
        refusals: dict[str, Any] = {}
        if request.method == "POST":
            good = form.validate()
            # Files that are fine are kept even when something else is refused, so that nobody has to choose them again.
            refusals = self.take_documents(partner, form, identity, handed_in)
            if good and not refusals and form.first_error is None:
                if account is not None and (account.iban, account.holder) != (form.iban.data, form.holder.data or partner.name):
                    db.session.rollback()  # the files are kept already; what else was typed comes along
                    if (asked := asks_again("portal")) is not None:
                        return asked
                    partner = self.partner()
                    account = db.session.scalar(select(BankAccount).where(BankAccount.partner_id == partner.id).order_by(BankAccount.id).limit(1))
                try:
                    self.save_account(partner, form, account)
                    db.session.commit()
                    return redirect(after("documents"))
                except RuleBroken as refusal:
                    db.session.rollback()
                    partner = self.partner()
                    form.refuse(refusal)
            held = {kind: checks.newest_document(partner.id, kind) for kind in DocumentKind}
        return wizard("documents", partner, form, 422 if request.method == "POST" else 200, held=held, kinds=DocumentKind, refusals=refusals)

    def take_documents(self, partner: Partner, form: HouseForm, identity: Document | None, handed_in: dict[str, Kept | RuleBroken]) -> dict[str, Any]:
        """Keeps each file that was sent; returns what was refused, by field."""
        refusals: dict[str, Any] = {}
        said = self.particulars(form)
        if identity is not None and said is not None and not isinstance(handed_in.get("document_identity"), Kept):
            papers.describe(identity, said)
        for kind in DocumentKind:
            field = f"document_{kind.value}"
            kept = handed_in.get(field)
            if isinstance(kept, RuleBroken):
                refusals[field] = kept.sentence
            elif kept is not None:
                papers.add(partner, kind, kept, signed_in().name, (said if kind is DocumentKind.IDENTITY else None) or Particulars())
        db.session.commit()
        if "document_identity" not in refusals and checks.newest_document(partner.id, DocumentKind.IDENTITY) is None:
            refusals["document_identity"] = partners.missing(partner)["document_identity"]
        return refusals

    def particulars(self, form: HouseForm) -> Particulars | None:
        """What was said of the identity document; None, with the sentences beside the fields, when it does not hold together."""
        if form.identity_number.errors or form.identity_expires_on.errors or form.mrz.errors:
            return None
        try:
            return papers.particulars(form.identity_number.data or "", form.identity_expires_on.data, form.mrz.data or "")
        except RuleBroken as refusal:
            form.refuse(refusal)
            return None

    def save_account(self, partner: Partner, form: HouseForm, account: BankAccount | None) -> None:
        if not form.iban.data:
            raise RuleBroken(_("Please enter the bank account for your commissions."), "iban")
        if account is None:
            account = BankAccount(partner_id=partner.id)
            db.session.add(account)
        account.iban, account.holder = form.iban.data, form.holder.data or partner.name
        db.session.flush()
        partners.saved_account(account, new=True)

    def step_activity(self, partner: Partner) -> Any:
        if not settings.questionnaire_is_on():
            return redirect("/partner/file/submit")
        return activity.step(self, partner, wizard)

    def step_submit(self, partner: Partner) -> Any:
        lacking = partners.missing(partner)
        refusal = None
        if request.method == "POST":
            try:
                refuse_all(lacking)  # what is missing would be missing in the agreement too
                with agreements.prepared(partner, choose_language()) as ready:
                    once.claim(request.form.get("one_time"), signed_in().id)
                    partners.submit(self.partner(), signed_in().name, choose_language(), ready)
                    db.session.commit()
                return redirect("/partner/file/sign")
            except once.AlreadyDone:
                return redirect("/partner/file/")
            except RuleBroken as broken:
                db.session.rollback()
                partner, refusal = self.partner(), broken
        documents = [each for kind in DocumentKind if (each := checks.newest_document(partner.id, kind)) is not None]
        account = db.session.scalar(select(BankAccount).where(BankAccount.partner_id == partner.id).order_by(BankAccount.id).limit(1))
        return wizard(
            "submit",
            partner,
            None,
            422 if refusal else 200,
            lacking=lacking,
            refusal=refusal,
            documents=documents,
            asks_activity=settings.questionnaire_is_on(),
            owners=owners.of_partner(partner.id),
            answers=answers.latest(partner.id, QuestionnaireKind.KNOW_YOUR_PARTNER),
            account=account,
            user=db.session.get_one(User, signed_in().id),
            step_of=step_of,
        )

    @page("/waiting")
    def waiting(self) -> Any:
        partner = self.partner()
        if partner.status in CAN_BE_FILLED or partner.status is PartnerStatus.TO_SIGN:
            return redirect("/partner/file/")
        return render_template("registration/waiting.html", partner=partner, moves=partners.moves_of(partner.id))


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
    if field in ("owners", "questionnaire"):
        return "activity"
    return "documents" if field.startswith("document_") or field == "iban" else "company"

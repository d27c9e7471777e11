"""Partners in the back office: their file, what hangs on it, and the validation screen."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask_babel import gettext, lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import (
    Answers,
    BankAccount,
    Check,
    Contact,
    Document,
    ListKind,
    Membership,
    Note,
    Partner,
    PartnerStatus,
    ProviderCode,
    QuestionnaireKind,
    Side,
    Task,
    User,
    today,
)
from app.permissions import FOLLOW_UP, FULL, MY_BANK, PARTNER_BANK, PARTNER_FILE, PARTNER_PEOPLE, PARTNER_VALIDATION, WRITE
from app.services import agreements, checks, colleagues, factors, once, owners, partners, registration, screening, sign_ins, tasks, watch_lists
from app.services.questionnaires import answers, versions
from app.services.refusals import RuleBroken
from app.views import companies
from app.views.agreements import Countersigned
from app.views.base import EntityView, HouseForm, HouseView, Portal, Rules, act, page, signed_in
from app.views.base.forms import cleaned

STAFF_ONLY = {"account_manager_id": lambda: User.side == Side.STAFF, "assignee_id": lambda: User.side == Side.STAFF}


class PartnerView(EntityView):
    model, access, slug, icon = Partner, PARTNER_FILE, "partners", "building"
    rules = Rules(saving=partners.saving)
    list_columns = ["name", "siren", "kind", "status", "account_manager"]
    under = {"name": "city"}
    filters = ["status", "kind", "account_manager_id", "parent_id", "city"]
    sort = ["name", "siren", "status"]
    form = {
        _("Identity"): ["name", "trade_name", "kind", "exercise", "siren", "rcs_town", "orias_number"],
        _("Contact details"): ["email", "phone", "website", "street", "postcode", "city", "country"],
        _("Follow-up"): ["account_manager", "parent", "note"],
    }
    show = form | {_("File"): ["status", "submitted_at", "created_at", "updated_at"]}
    tabs = [
        "ContactView",
        "ProviderCodeView",
        "BankAccountView",
        "DocumentView",
        "AgreementView",
        "BeneficialOwnerView",
        "AnswersView",
        "ScreeningMatchView",
        "MembershipView",
        "AssignmentView",
        "ClientView",
        "ContractView",
        "TaskView",
        "NoteView",
        "MailView",
    ]
    narrow = STAFF_ONLY
    show_template, form_template = "partners/show.html", "partners/form.html"
    deletes = False
    recognised_by = (("siren",), ("orias_number",), ("email",), ("name",))

    def assist(self, form: HouseForm) -> dict[str, Any] | None:
        return companies.filled(form)

    @act(_("Suspend"), confirm=_("Suspend these partners?"), asks_reason=True, fits=lambda partner: PartnerStatus.SUSPENDED in partners.MOVES[partner.status])
    def suspend(self, partner: Partner, reason: str) -> None:
        partners.suspend(partner, signed_in().name, reason)

    @act(_("Reactivate"), confirm=_("Reactivate these partners?"), asks_reason=True, fits=lambda partner: partner.status is PartnerStatus.SUSPENDED)
    def reactivate(self, partner: Partner, reason: str) -> None:
        partners.reactivate(partner, signed_in().name, reason)

    @act(_("Close for good"), confirm=_("Close these partners for good?"), asks_reason=True, fits=lambda partner: PartnerStatus.CLOSED in partners.MOVES[partner.status])
    def close(self, partner: Partner, reason: str) -> None:
        partners.close(partner, signed_in().name, reason)

    @page("/<id:record_id>/invite", needs=WRITE, methods=("GET", "POST"), sensitive=True)
    def invite(self, record_id: int) -> Any:
        """Mails a one-time link to a first or another person of the partner."""
        partner = self.find(record_id)
        sent = (
            {name: (cleaned(request.form.get(name, "")) or "")[:320] for name in ("email", "first_name", "last_name")}
            if request.method == "POST"
            else {"email": partner.email or "", "first_name": "", "last_name": ""}
        )
        refusal = None
        if request.method == "POST":
            db.session.rollback()  # the invitation runs on a session of its own
            try:
                email, first_name, last_name = registration.clean_email(sent["email"]), sent["first_name"][:64], sent["last_name"][:64]
                registration.invite(record_id, signed_in(), email, first_name, last_name, request.form.get("language", "fr"))
                flash(gettext("The invitation has been sent to %(email)s.", email=sent["email"]), "good")
                return redirect(self.address("show_record", record_id=record_id))
            except RuleBroken as broken:
                refusal = broken
                partner = self.find(record_id)
        pending = registration.pending(record_id)
        return render_template("partners/invite.html", view=self, partner=partner, sent=sent, refusal=refusal, pending=pending), 422 if refusal else 200

    @page("/<id:record_id>/invitations/<id:link_id>/withdraw", needs=WRITE, methods=("POST",))
    def withdraw(self, record_id: int, link_id: int) -> Any:
        self.find(record_id)
        db.session.rollback()
        try:
            registration.withdraw(record_id, link_id)
        except LookupError:
            abort(404)
        flash(gettext("The invitation has been withdrawn."), "good")
        return redirect(self.address("invite", record_id=record_id))


class ValidationView(HouseView):
    """One screen with everything that a validation needs: the file, the checks with their proofs, documents, moves."""

    access, route_base = PARTNER_VALIDATION, "/partners"

    def find(self, record_id: int) -> Partner:
        return db.first_or_404(select(Partner).where(Partner.id == record_id))

    @page("/<id:record_id>/validation")
    def show(self, record_id: int) -> str:
        return self.screen(self.find(record_id))

    def screen(self, partner: Partner, refusal: RuleBroken | None = None) -> str:
        held = partners.standing_categories(partner)
        answered, newest = answers.latest(partner.id, QuestionnaireKind.KNOW_YOUR_PARTNER), versions.in_force(QuestionnaireKind.KNOW_YOUR_PARTNER)
        pieces, exposed = checks.expected_documents(partner), owners.are_exposed(partner.id)
        return render_template(
            "partners/validation.html",
            partner=partner,
            checks=checks.latest(partner.id),
            documents=partners.documents_of(partner.id),
            pieces=pieces,
            moves=partners.moves_of(partner.id),
            agreements=agreements.of_partner(partner.id),
            offerings=[(offering, not offering.required_categories or bool(set(offering.required_categories) & held)) for offering in partners.open_offerings()],
            people=db.session.scalars(select(Membership).where(Membership.partner_id == partner.id)).all(),
            accounts=db.session.scalars(select(BankAccount).where(BankAccount.partner_id == partner.id)).all(),
            refusal=refusal,
            sent=request.form,
            waits=partner.status is PartnerStatus.PENDING_VALIDATION,
            can_be_refused=PartnerStatus.REFUSED in partners.MOVES[partner.status],
            one_time=once.new_token(),
            proof_is_whole=agreements.proof_is_whole,
            owners=owners.of_partner(partner.id),
            answers=answered,
            exposed=exposed,
            newest_version=newest,
            open_points=open_points(pieces, exposed, answered),
            matches=screening.matches_of(partner.id),
            lists_loaded=any(watch_lists.newest(kind) for kind in ListKind),
        )

    def deed(self, record_id: int, do: Any, done: str) -> Any:
        """Runs one verb and comes back to this screen; a refusal keeps everything typed."""
        partner = self.find(record_id)
        try:
            once.claim(request.form.get("one_time"), signed_in().id)
            do(partner)
            db.session.commit()
            flash(done, "good")
        except once.AlreadyDone:
            pass
        except RuleBroken as broken:
            db.session.rollback()
            return self.screen(self.find(record_id), broken), 409
        return redirect(f"/partners/{record_id}/validation")

    @page("/<id:record_id>/validate", needs=FULL, methods=("POST",))
    def validate(self, record_id: int) -> Any:
        chosen = [int(sent) for sent in request.form.getlist("offerings") if sent.isdecimal() and len(sent) <= 9]
        none_yet = bool(request.form.get("none_yet"))
        done = gettext("The partner has been validated and told by e-mail.")
        partner = self.find(record_id)
        agreement = agreements.standing(partner.id)
        if partner.status is not PartnerStatus.PENDING_VALIDATION or agreement is None or agreement.countersigned_at is not None:
            return self.deed(record_id, lambda partner: partners.validate(partner, signed_in().name, chosen, none_yet), done)
        agreement_id = agreement.id
        db.session.rollback()  # no transaction is open while the house's seal is put into the agreement
        try:
            with Countersigned(agreement_id) as counter:
                return self.deed(record_id, lambda partner: partners.validate(partner, signed_in().name, chosen, none_yet, counter), done)
        except RuleBroken as broken:
            return self.screen(self.find(record_id), broken), 409

    @page("/<id:record_id>/refuse", needs=FULL, methods=("POST",))
    def refuse(self, record_id: int) -> Any:
        return self.deed(
            record_id,
            lambda partner: partners.refuse(partner, signed_in().name, request.form.get("reason", "")),
            gettext("The file has been sent back with your reason."),
        )

    @page("/<id:record_id>/checks", needs=FULL, methods=("POST",))
    def run_checks(self, record_id: int) -> Any:
        siren = self.find(record_id).siren
        db.session.rollback()  # the registers may be slow: no transaction is open meanwhile
        checks.foresee(siren, anew=True)
        return self.deed(record_id, checks.run_all, gettext("The registers have been asked again."))

    @page("/<id:record_id>/override/<id:check_id>", needs=FULL, methods=("POST",))
    def override(self, record_id: int, check_id: int) -> Any:
        def do(partner: Partner) -> None:
            check = db.first_or_404(select(Check).where(Check.id == check_id, Check.partner_id == partner.id))
            checks.override(check, request.form.get(f"reason_{check_id}", ""), signed_in().name)

        return self.deed(record_id, do, gettext("The override has been noted."))


def open_points(pieces: Any, exposed: bool, answered: Answers | None) -> list[str]:
    """What somebody who validates should have seen, in sentences; none of it stands in the way."""
    missing = [str(kind.label) for kind, piece in pieces if piece is None]
    expired = [str(kind.label) for kind, piece in pieces if piece is not None and piece.is_expired]
    highest = answered is not None and answers.is_highest(answered)
    told = [
        (bool(missing), lambda: gettext("Pieces that are missing: %(pieces)s.", pieces=", ".join(missing))),
        (bool(expired), lambda: gettext("Pieces that have expired: %(pieces)s.", pieces=", ".join(expired))),
        (exposed or highest, lambda: gettext("Enhanced vigilance applies to this partner.")),
        (answered is None, lambda: gettext("The questionnaire has not been answered.")),
    ]
    return [words() for holds, words in told if holds]


class ContactView(EntityView):
    model, access, slug, icon = Contact, PARTNER_FILE, "contacts", "person-lines-fill"
    list_columns = ["name", "email", "phone", "partner"]
    under = {"name": "job"}
    form = {_("Contact"): ["partner", "name", "job", "email", "phone"]}


class ProviderCodeView(EntityView):
    model, access, slug, icon = ProviderCode, PARTNER_FILE, "codes", "upc"
    list_columns = ["code", "supplier", "partner", "valid_from", "valid_until"]
    form = {_("Code apporteur"): ["partner", "supplier", "code", "valid_from", "valid_until"]}
    defaults = {"valid_from": lambda: today()}


class BankAccountView(EntityView):
    model, access, slug, icon, sensitive = BankAccount, PARTNER_BANK, "bank-accounts", "bank", True
    rules = Rules(saving=partners.saving_account, saved=partners.saved_account)
    list_columns = ["iban", "holder", "partner", "is_default"]
    under = {"iban": "bic"}
    form = {_("Bank account"): ["partner", "holder", "iban", "bic", "is_default"]}
    portal = Portal(access=MY_BANK, list_columns=["iban", "holder", "is_default"], form={_("Bank account"): ["holder", "iban", "bic"]}, icon="bank")


class DocumentView(EntityView):
    model, access, slug, icon = Document, PARTNER_FILE, "documents", "file-earmark-text"
    list_columns = ["filename", "expires_on", "partner", "created_at"]
    under = {"filename": "kind"}
    form = {}
    show = {_("Document"): ["filename", "kind", "number", "expires_on", "size", "media_type", "digest", "uploaded_by", "partner"]}
    adds = edits = deletes = False
    adds_at = "/partners/{}/documents/new"
    silent_about = frozenset({"number"})  # until 0020 an identity document's number stood there
    show_template = "partners/document.html"


class MembershipView(EntityView):
    model, access, slug, icon, sensitive = Membership, PARTNER_PEOPLE, "people", "people", True
    rules = Rules(saving=colleagues.saving)
    list_columns = ["user", "partner", "role", "own_clients_only"]
    form = {_("Colleague"): ["role", "own_clients_only"]}
    show = {_("Colleague"): ["user", "partner", "role", "own_clients_only", "created_at"]}
    adds, deletes = False, False
    show_template = "partners/member.html"

    @page("/<id:record_id>/sign-out", needs=WRITE, methods=("POST",))
    def sign_out(self, record_id: int) -> Any:
        member = self.find(record_id)
        user_id, name = member.user_id, str(member)
        db.session.rollback()  # it runs on a session of its own
        sign_ins.sign_out_everywhere(user_id)
        flash(gettext("%(name)s has been signed out everywhere.", name=name), "good")
        return redirect(self.address("show_record", record_id=record_id))

    @page("/<id:record_id>/no-second-factor", needs=WRITE, methods=("POST",))
    def no_second_factor(self, record_id: int) -> Any:
        """For somebody whose phone is lost, and the recovery codes with it."""
        user_id = self.find(record_id).user_id
        db.session.rollback()
        factors.remove(user_id, signed_in())
        flash(gettext("The second factor has been removed. The person has been told by e-mail."), "good")
        return redirect(self.address("show_record", record_id=record_id))


class TaskView(EntityView):
    model, access, slug, icon = Task, FOLLOW_UP, "tasks", "check2-square"
    list_columns = ["name", "partner", "due_on", "done_on", "assignee"]
    under = {"name": "kind"}
    form = {_("Task"): ["partner", "client", "kind", "name", "due_on", "assignee", "shared", "done_on"]}
    filters = ["partner_id", "client_id", "kind", "due_on", "done_on", "assignee_id", "shared"]
    narrow = STAFF_ONLY
    rules = Rules(saving=tasks.saving)

    @act(_("Mark as done"), fits=lambda task: task.done_on is None)
    def done(self, task: Task) -> None:
        task.done_on = task.done_on or today()


class NoteView(EntityView):
    model, access, slug, icon = Note, FOLLOW_UP, "notes", "journal-text"
    list_columns = ["text", "partner", "shared", "created_at"]
    under = {"text": "kind"}
    form = {_("Note"): ["partner", "kind", "text", "shared"]}

"""The partner's own pages: dashboard, profile, program, colleagues."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask_babel import gettext, lazy_gettext as _
from sqlalchemy import inspect, select
from sqlalchemy.orm import joinedload
from wtforms import BooleanField, SelectField, StringField

from app.extensions import db
from app.models import Agreement, BankAccount, Document, MemberRole, Membership, Note, Partner, Partnership, QuestionnaireKind, Task, Tier, User, today
from app.permissions import MY_BANK, MY_CLIENTS, MY_COMPANY, MY_PEOPLE, MY_PROGRAM, READ, WRITE
from app.services import colleagues, crossings, desk, files, knowledge, owners, photos, registration, screening, sign_ins
from app.services.questionnaires import answers
from app.services.refusals import STALE, RuleBroken
from app.views.base import HouseForm, HouseView, local_path, page, signed_in
from app.views.base.columns import column_of, plain_words
from app.views.base.fields_in_views import shown_on_portal, written_on_portal
from app.views.base.forms import Checked, LengthSaid, PersonName, Required, SelectChoice, cleaned, form_for
from app.views.base.showing import shown
from app.views.charts import figures_of
from app.views.files import PRIVATE_PAPERS
from app.views.languages import choose_language

PROFILE = ["trade_name", "phone", "email", "website", "street", "postcode", "city", "country"]
COMPANY = ["name", "trade_name", "kind", "siren", "exercise", "rcs_town", "orias_number", "email", "phone", "website", "street", "postcode", "city", "country"]


def own_partner() -> Partner:
    return db.first_or_404(select(Partner).where(Partner.id == signed_in().partner_id))


class DashboardView(HouseView):
    access, frame, route_base = MY_COMPANY, "portal", "/portal"

    @page("/")
    def dashboard(self) -> str:
        who = signed_in()
        facts = desk.of_partner(db.session(), who)
        facts |= {"tasks": own_tasks(who.partner_id), "charts": figures_of(who) if facts.get("clients") or facts.get("contracts") else []}
        return render_template("portal/dashboard.html", may_add_client=who.may(MY_CLIENTS, WRITE), may_edit=who.may(MY_COMPANY, WRITE), **facts)


def own_tasks(partner_id: int | None) -> list[Task]:
    return list(db.session.scalars(select(Task).where(Task.partner_id == partner_id, Task.done_on.is_(None)).order_by(Task.due_on, Task.id).limit(20)))


class ProfileView(HouseView):
    """Personal and company information, bank accounts, agreements, notes and tasks for the partner (DOMAIN 2)."""

    access, frame, route_base = MY_COMPANY, "portal", "/portal/profile"

    @page("/")
    def show(self) -> str:
        return self.screen()

    def screen(self, logo_refusal: Any = None) -> str:
        who, partner = signed_in(), own_partner()
        mine = {
            entity: db.session.scalars(select(entity).where(entity.partner_id == partner.id).order_by(entity.id.desc())).all() for entity in (Agreement, Document, Note)
        }
        accounts = db.session.scalars(select(BankAccount).where(BankAccount.partner_id == partner.id)).all() if who.may(MY_BANK, READ) else None
        user = db.session.get_one(User, who.id)
        personal = [
            (column_of(User, name).label, shown(user, column_of(User, name))) for name in ("first_name", "last_name", "email", "phone", "birth_date", "job_title")
        ]
        sections = {gettext("Company information"): [*COMPANY]}
        for title, names in shown_on_portal(Partner).items():
            sections.setdefault(str(title), []).extend(names)
        company = [(title, [(column_of(Partner, name).label, shown(partner, column_of(Partner, name))) for name in names]) for title, names in sections.items()]
        return render_template(
            "portal/profile.html",
            partner=partner,
            personal=personal,
            company=company,
            accounts=accounts,
            agreements=mine[Agreement],
            documents=[each for each in mine[Document] if each.kind not in PRIVATE_PAPERS or who.may(MY_BANK, READ)],
            notes=mine[Note],
            owners=owners.of_partner(partner.id),
            answers=answers.of_partner(partner.id, QuestionnaireKind.KNOW_YOUR_PARTNER),
            client_answers=knowledge.latest_of_partner(partner.id) if who.may(MY_CLIENTS, READ) else [],
            tasks=own_tasks(partner.id),
            may_edit=who.may(MY_COMPANY, WRITE),
            may_edit_bank=who.may(MY_BANK, WRITE),
            logo_refusal=logo_refusal,
        )

    @page("/logo", needs=WRITE, methods=("POST",))
    def new_logo(self) -> Any:
        sent = request.files.get("logo")
        try:
            drawn = photos.logo(sent.read(files.LARGEST + 1) if sent else b"")  # before a transaction begins
        except RuleBroken as refusal:
            return self.screen(refusal.sentence), 422
        return self.with_logo(photos.keep_logo(own_partner(), drawn), gettext("The logo has been saved."))

    @page("/logo/remove", needs=WRITE, methods=("POST",))
    def remove_logo(self) -> Any:
        partner = own_partner()
        before, partner.logo = partner.logo, None
        return self.with_logo(before, gettext("The logo has been removed."))

    def with_logo(self, before: str | None, said: str) -> Any:
        """The file of the logo before goes once no row names it any more."""
        db.session.commit()
        if before:
            files.remove(before)
        flash(said, "good")
        return redirect("/portal/profile/")

    @page("/edit", needs=WRITE, methods=("GET", "POST"))
    def edit(self) -> Any:
        partner = own_partner()
        names = [*PROFILE, *written_on_portal(Partner)]
        form = form_for(Partner, names)(obj=partner)
        stale = request.method == "POST" and request.form.get("version") != str(partner.version)
        if request.method == "POST" and form.validate() and not stale:
            for name in names:
                setattr(partner, name, form[name].data)
            screening.ask(partner.id, str(partner))  # the trade name is one of the names it is screened under
            db.session.commit()
            flash(gettext("Your profile has been saved."), "good")
            return redirect("/portal/profile/")
        now_saved = {name: plain_words(column_of(Partner, name), getattr(partner, name)) for name in names if form[name].data != getattr(partner, name)}
        others = {name: value or gettext("(empty)") for name, value in now_saved.items()} if stale else None
        return render_template(
            "portal/edit_profile.html", form=form, partner=partner, names=names, others=others
        ), 409 if stale else 422 if request.method == "POST" else 200

    @page("/tasks/<id:task_id>/done", methods=("POST",), needs=WRITE)
    def task_done(self, task_id: int) -> Any:
        task = db.first_or_404(select(Task).where(Task.id == task_id))
        task.done_on = task.done_on or today()
        db.session.commit()
        flash(gettext("Task completed: %(task)s.", task=task.name), "good")
        return redirect(local_path(request.form.get("back")) or "/portal/profile/")


class ProgramDoor(HouseView):
    """The partner's program, to read."""

    access, frame, route_base = MY_PROGRAM, "portal", "/portal/program"

    @page("/")
    def show(self) -> str:
        own_id = signed_in().partner_id or 0
        beside = (joinedload(Partnership.program), joinedload(Partnership.tier))
        partnership = db.session.scalar(select(Partnership).where(Partnership.partner_id == own_id).options(*beside))
        tiers = db.session.scalars(select(Tier).where(Tier.program_id == partnership.program_id).order_by(Tier.points_from)).all() if partnership else []
        return render_template("portal/program.html", partnership=partnership, tiers=tiers, manager=crossings.account_manager_of(own_id))


class InviteForm(HouseForm):
    about_oneself = False
    first_name = StringField(_("First name"), [Required(), LengthSaid(max=64), PersonName()], filters=[cleaned])
    last_name = StringField(_("Last name"), [Required(), LengthSaid(max=64), PersonName()], filters=[cleaned])
    email = StringField(_("E-mail"), [Required(), LengthSaid(max=320), Checked("email")], filters=[cleaned])
    role = SelectField(_("Role"), choices=[SelectChoice(role.value, role.label) for role in MemberRole], default=MemberRole.MEMBER.value)


class MemberForm(HouseForm):
    role = SelectField(_("Role"), choices=[SelectChoice(role.value, role.label) for role in MemberRole])
    own_clients_only = BooleanField(_("Own clients only"), description=_("Sees only the clients assigned to this person."))


class ColleaguesView(HouseView):
    """People of the same company; its owner invites, changes and removes them."""

    access, frame, route_base, sensitive = MY_PEOPLE, "portal", "/portal/people", True

    def members(self) -> list[Membership]:
        return list(
            db.session.scalars(select(Membership).options(joinedload(Membership.user)).where(Membership.partner_id == signed_in().partner_id).order_by(Membership.id))
        )

    def member(self, record_id: int) -> Membership:
        found = db.first_or_404(select(Membership).where(Membership.id == record_id, Membership.partner_id == signed_in().partner_id))
        if found.user_id == signed_in().id:
            abort(404)  # nobody changes or removes their own access
        return found

    @page("/")
    def list(self) -> str:
        may_edit = signed_in().may(MY_PEOPLE, WRITE)
        pending = registration.pending(signed_in().partner_id or 0) if may_edit else []
        return render_template("portal/people.html", members=self.members(), me=signed_in().id, may_edit=may_edit, pending=pending)

    @page("/invitations/<id:record_id>/withdraw", needs=WRITE, methods=("POST",))
    def withdraw(self, record_id: int) -> Any:
        try:
            registration.withdraw(signed_in().partner_id or 0, record_id)
        except LookupError:
            abort(404)
        flash(gettext("The invitation has been withdrawn."), "good")
        return redirect("/portal/people/")

    @page("/invite", needs=WRITE, methods=("GET", "POST"))
    def invite(self) -> Any:
        form = InviteForm()
        if form.validate_on_submit():
            try:
                registration.invite(
                    signed_in().partner_id or 0,
                    signed_in(),
                    form.email.data or "",
                    form.first_name.data or "",
                    form.last_name.data or "",
                    choose_language(),
                    MemberRole(form.role.data),
                )
                flash(gettext("The invitation has been sent to %(email)s.", email=form.email.data), "good")
                return redirect("/portal/people/")
            except RuleBroken as refusal:
                form.refuse(refusal)
        return render_template("portal/invite.html", form=form), 422 if form.is_submitted() else 200

    @page("/<id:record_id>", needs=WRITE, methods=("GET", "POST"))
    def edit(self, record_id: int) -> Any:
        member = self.member(record_id)
        form = MemberForm(obj=member)
        stale = request.method == "POST" and request.form.get("version") != str(member.version)
        if stale:
            form.form_errors.append(STALE)
        elif form.validate_on_submit():
            try:
                member.role, member.own_clients_only = MemberRole(form.role.data), bool(form.own_clients_only.data)
                colleagues.saving(member, new=False)
                moved = inspect(member).attrs.role.history.has_changes()
                db.session.commit()
                if moved:  # a cookie that was copied before is worth nothing
                    sign_ins.sign_out_everywhere(member.user_id, signed_in().partner_id)
                flash(gettext("“%(name)s” has been saved.", name=str(member)), "good")
                return redirect("/portal/people/")
            except RuleBroken as refusal:
                db.session.rollback()
                member = self.member(record_id)
                form.refuse(refusal)
        devices = sign_ins.open_browsers(member.user_id, partner_id=signed_in().partner_id)
        return render_template("portal/member.html", form=form, member=member, devices=devices), 409 if stale else 422 if form.is_submitted() else 200

    @page("/<id:record_id>/sign-out", needs=WRITE, methods=("POST",))
    def sign_out(self, record_id: int) -> Any:
        """Ends every sign-in of a colleague, on a phone that was lost for instance."""
        member = self.member(record_id)
        user_id, name = member.user_id, str(member)
        db.session.rollback()
        sign_ins.sign_out_everywhere(user_id, signed_in().partner_id)
        flash(gettext("%(name)s has been signed out everywhere.", name=name), "good")
        return redirect(f"/portal/people/{record_id}")

    @page("/<id:record_id>/remove", needs=WRITE, methods=("POST",))
    def remove(self, record_id: int) -> Any:
        member = self.member(record_id)
        name, user_id = str(member), member.user_id
        try:
            colleagues.remove(member)
            db.session.commit()
        except RuleBroken as refusal:
            db.session.rollback()
            flash(str(refusal.sentence), "bad")
            return redirect(f"/portal/people/{record_id}")
        sign_ins.sign_out_everywhere(user_id, signed_in().partner_id)
        flash(gettext("%(name)s no longer has access.", name=name), "good")
        return redirect("/portal/people/")

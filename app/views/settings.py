"""Settings of the house: checks, staff and their roles, the table of permissions; and, in the demo, the mails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request
from flask_babel import gettext, lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from wtforms import BooleanField, PasswordField, SelectMultipleField, StringField

from app.extensions import db
from app.models import CheckKind, Client, Contract, Partner, Role, Side, User
from app.permissions import (
    LEVEL_WORDS,
    NONE,
    PARTNER_ROLES,
    PORTAL_TABLE,
    RIGHTS,
    SETTINGS,
    STAFF_PEOPLE,
    STAFF_ROLES,
    STAFF_TABLE,
    Level,
)
from app.services import checks, factors, mails, once, people, roles, settings, sign_ins
from app.services.refusals import STALE, RuleBroken
from app.services.watchers import who_may_see as watchers_of
from app.views.base import DEMO, HouseForm, HouseView, page, signed_in
from app.views.base.forms import Checked, LengthSaid, PersonName, Required, SelectChoice, cleaned, fitting
from app.views.base.showing import hint_of
from app.views.mails import as_sent


class ChecksView(HouseView):
    """Which register checks run when a partner submits its file."""

    access, route_base = SETTINGS, "/settings/checks"

    @page("/")
    def show(self) -> str:
        return render_template("settings/checks.html", kinds=[(kind, settings.check_is_on(kind)) for kind in CheckKind], questionnaire=settings.questionnaire_is_on())

    @page("/save", methods=("POST",), needs=Level.WRITE)
    def save(self) -> Any:
        for kind in CheckKind:
            settings.switch_check(kind, kind.value in request.form.getlist("on"))
        settings.switch(settings.QUESTIONNAIRE, settings.QUESTIONNAIRE in request.form.getlist("on"))
        db.session.commit()
        flash(gettext("The checks have been saved."), "good")
        return redirect("/settings/checks/")


class PermissionsView(HouseView):
    """The table of permissions, and who may see one given record."""

    access, route_base = RIGHTS, "/settings/permissions"

    @page("/")
    def show(self) -> str:
        kinds = {"partner": Partner, "client": Client, "contract": Contract}
        kind, number = request.args.get("kind", ""), request.args.get("id", "")
        words = request.args.get("q", "").replace("\x00", "").strip()[:100]
        found = [(str(model.plural), [(name, each, hint_of(each)) for each in matching_rows(model, words)]) for name, model in kinds.items()] if words else []
        asked = kind in kinds and number.isdecimal() and len(number) < 10
        record = db.session.get(kinds[kind], int(number)) if asked else None
        watchers = watchers_of(record) if record is not None else None
        return render_template(
            "settings/permissions.html",
            staff_table=STAFF_TABLE,
            staff_roles=STAFF_ROLES,
            portal_table=PORTAL_TABLE,
            partner_roles=PARTNER_ROLES,
            words_of=LEVEL_WORDS,
            words=words,
            found=[(title, hits) for title, hits in found if hits],
            record=record,
            watchers=watchers,
            asked=bool(number),
        )


def matching_rows(model: Any, words: str) -> Sequence[Any]:
    """At most ten records that fit the words, by name."""
    statement, values = fitting(model, words)
    order = [getattr(model, name) for name in model.labelled]
    return db.session.scalars(statement.order_by(*order, model.id).limit(10), values).all()


class StaffForm(HouseForm):
    about_oneself = False
    first_name = StringField(_("First name"), [Required(), LengthSaid(max=64), PersonName()], filters=[cleaned])
    last_name = StringField(_("Last name"), [Required(), LengthSaid(max=64), PersonName()], filters=[cleaned])
    email = StringField(_("E-mail"), [Required(), LengthSaid(max=320), Checked("email")], filters=[cleaned])
    roles = SelectMultipleField(_("Roles"), coerce=int)
    active = BooleanField(_("Active"), default=True)
    password = PasswordField(_("Password"), description=_("At least 10 characters. Leave empty to keep the present one."))


class NewStaffForm(StaffForm):
    password = PasswordField(_("First password"), [Required()], description=_("At least 10 characters. Hand it over yourself; it can be changed under “Settings”."))


class StaffView(HouseView):
    """Staff who sign in, and their roles."""

    access, route_base, sensitive = STAFF_PEOPLE, "/settings/staff", True

    @page("/")
    def list(self) -> str:
        words = request.args.get("q", "").replace("\x00", "").strip()[:100]
        found, values = fitting(User, words)
        wanted = found.options(selectinload(User.roles)).where(User.side == Side.STAFF).order_by(User.last_name, User.first_name)
        users = db.session.scalars(wanted, values).all()
        return render_template("settings/staff.html", users=users, names=roles.words_of, words=words, may_edit=signed_in().may(STAFF_PEOPLE, Level.WRITE))

    def form(self, user: User | None) -> StaffForm:
        form = (StaffForm if user else NewStaffForm)(obj=user, data=None if request.form else {"roles": [role.id for role in user.roles]} if user else None)
        form.password.data = request.form.get("password", "")  # never the one that is kept, which a form made from a person would take up
        form.roles.choices = [SelectChoice(role.id, roles.words_of(role)) for role in roles.staff_roles()]
        if request.method == "GET":
            form.roles.data = [role.id for role in user.roles] if user else []
        return form

    @page("/new", needs=Level.WRITE, methods=("GET", "POST"))
    def add(self) -> Any:
        return self.edited(None)

    @page("/<id:user_id>", needs=Level.WRITE, methods=("GET", "POST"))
    def edit(self, user_id: int) -> Any:
        return self.edited(db.first_or_404(select(User).where(User.id == user_id, User.side == Side.STAFF)))

    def edited(self, user: User | None) -> Any:
        form = self.form(user)
        stale = user is not None and request.method == "POST" and request.form.get("version") != str(user.version)
        if stale:
            form.form_errors.append(STALE)
        elif form.validate_on_submit():
            try:
                token = once.claim(request.form.get("one_time"), signed_in().id)
                saved = roles.save_staff(
                    user,
                    signed_in(),
                    form.first_name.data or "",
                    form.last_name.data or "",
                    form.email.data or "",
                    form.roles.data or [],
                    bool(form.active.data),
                    form.password.data or "",
                )
                once.leads_to(token, "/settings/staff/")
                db.session.commit()
                flash(gettext("“%(name)s” has been saved.", name=str(saved)), "good")
                return redirect("/settings/staff/")
            except once.AlreadyDone:
                return redirect("/settings/staff/")
            except RuleBroken as refusal:
                db.session.rollback()
                form.refuse(refusal)
        devices, second_factor = (sign_ins.open_browsers(user.id), factors.is_on(user.id)) if user else ([], False)
        body = render_template("settings/staff_form.html", form=form, user=user, one_time=once.new_token(), devices=devices, second_factor=second_factor)
        return body, 409 if stale else 422 if form.is_submitted() else 200

    @page("/<id:user_id>/sign-out", needs=Level.WRITE, methods=("POST",))
    def sign_out(self, user_id: int) -> Any:
        sign_ins.sign_out_everywhere(self.other(user_id))
        name = db.session.get_one(User, user_id).get_full_name()
        flash(gettext("%(name)s has been signed out everywhere.", name=name), "good")
        return redirect(f"/settings/staff/{user_id}")

    @page("/<id:user_id>/no-second-factor", needs=Level.FULL, methods=("POST",))
    def no_second_factor(self, user_id: int) -> Any:
        """For somebody whose phone is lost, and the recovery codes with it."""
        factors.remove(self.other(user_id), signed_in())
        flash(gettext("The second factor has been removed. The person has been told by e-mail."), "good")
        return redirect(f"/settings/staff/{user_id}")

    def other(self, user_id: int) -> int:
        """The number of another member of staff; one's own is looked after among one's settings."""
        found = db.first_or_404(select(User).where(User.id == user_id, User.side == Side.STAFF, User.id != signed_in().id))
        if any(level > signed_in().rights.get(kind, NONE) for kind, level in people.staff_rights(found.roles).items()):
            abort(403)  # somebody who may do more than oneself
        db.session.rollback()  # what follows runs on a session of its own
        return user_id


class RolesView(HouseView):
    """Roles that administrators add for staff; the built-in ones are code and cannot be changed here."""

    access, route_base, sensitive = STAFF_PEOPLE, "/settings/roles", True

    @page("/")
    def list(self) -> str:
        may = {"may_edit": signed_in().may(STAFF_PEOPLE, Level.WRITE), "may_delete": signed_in().may(STAFF_PEOPLE, Level.FULL)}
        return render_template("settings/roles.html", roles=roles.staff_roles(), held=roles.holders(), words_of=roles.words_of, is_built_in=roles.is_built_in, **may)

    @page("/new", needs=Level.WRITE, methods=("GET", "POST"))
    def add(self) -> Any:
        return self.edited(None)

    @page("/<id:role_id>", needs=Level.WRITE, methods=("GET", "POST"))
    def edit(self, role_id: int) -> Any:
        role = db.first_or_404(select(Role).where(Role.id == role_id))
        return self.edited(role) if not roles.is_built_in(role) else abort(404)

    def edited(self, role: Role | None) -> Any:
        levels = roles.levels_of(role) if role else {}
        name, refusal = role.name if role else "", None
        if request.method == "POST":
            name = (cleaned(request.form.get("name", "")) or "")[:200]
            levels = {access.name: Level[request.form[access.name]] for access in STAFF_TABLE if request.form.get(access.name) in Level.__members__}
            try:
                once.claim(request.form.get("one_time"), signed_in().id)
                roles.save_role(role, signed_in(), name, levels, request.form.get("version", ""))
                db.session.commit()
                flash(gettext("“%(name)s” has been saved.", name=name), "good")
                return redirect("/settings/roles/")
            except once.AlreadyDone:
                return redirect("/settings/roles/")
            except RuleBroken as broken:
                db.session.rollback()
                refusal = broken
        return render_template(
            "settings/role_form.html",
            role=role,
            mark=roles.mark_of(role),
            name=name,
            levels=levels,
            table=STAFF_TABLE,
            words=LEVEL_WORDS,
            refusal=refusal,
            one_time=once.new_token(),
        ), 422 if refusal else 200

    @page("/<id:role_id>/delete", needs=Level.FULL, methods=("POST",))
    def delete(self, role_id: int) -> Any:
        role = db.first_or_404(select(Role).where(Role.id == role_id))
        try:
            roles.delete_role(role)
            db.session.commit()
            flash(gettext("The role has been deleted."), "good")
        except RuleBroken as refusal:
            db.session.rollback()
            flash(str(refusal.sentence), "bad")
        return redirect("/settings/roles/")


class DemoView(HouseView):
    """Only in the demo: the e-mails that were written, and the scenarios that the local register answers to."""

    access, frame, route_base = DEMO, "bare", "/demo"

    @page("/mails")
    def mails(self) -> str:
        return render_template("demo/mails.html", mails=mails.latest())

    @page("/mails/<id:mail_id>")
    def mail(self, mail_id: int) -> Any:
        found = mails.one(mail_id)
        return render_template("demo/mail.html", mail=found) if found else abort(404)

    @page("/mails/<id:mail_id>/as-sent")
    def mail_as_sent(self, mail_id: int) -> Response:
        return as_sent(mails.one(mail_id) or abort(404))

    @page("/registers")
    def registers(self) -> str:
        return render_template("demo/registers.html", orias_numbers=dict(checks.legend()))

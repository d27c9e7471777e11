"""The two doors, and what is the same behind both: signing out, the language, one's own account."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, session
from flask_babel import gettext, lazy_gettext as _, refresh
from werkzeug.wrappers import Response
from wtforms import BooleanField, PasswordField, SelectField, StringField
from wtforms.validators import Optional

from app.extensions import db
from app.models import Side, User
from app.services import people
from app.services.refusals import RuleBroken
from app.views.base import EVERYBODY, MEMBERS, SIGNED_IN, HouseForm, HouseView, local_path, page, person, signed_in
from app.views.base.forms import Checked, LengthSaid, PersonName, Required, SelectChoice, cleaned


class SignInForm(HouseForm):
    email = StringField(_("E-mail"), [Required(), LengthSaid(max=320)], filters=[cleaned])
    password = PasswordField(_("Password"), [Required(), LengthSaid(max=200)])


def open_session(secret: str) -> None:
    """Starts a fresh session, so that nothing set before signing in lives on; the language chosen in it does."""
    language = session.get("language")
    session.clear()
    session.permanent = True
    session["sign_in"] = secret
    if language:
        session["language"] = language


def sign_in_page(side: Side, template: str, home: str) -> Any:
    who = person()
    if who is not None:
        return redirect("/" if who.is_staff else "/portal/")
    form = SignInForm()
    if form.validate_on_submit():
        try:
            wanted = local_path(session.get("next"))
            open_session(people.sign_in(form.email.data or "", form.password.data or "", side, request.remote_addr or ""))
            return redirect(wanted or home)
        except RuleBroken as refusal:
            form.refuse(refusal)
    return render_template(template, form=form), 422 if form.is_submitted() else 200


class StaffDoorView(HouseView):
    access, frame, route_base = EVERYBODY, "bare", ""

    @page("/login", methods=("GET", "POST"))
    def login(self) -> Any:
        return sign_in_page(Side.STAFF, "sign_in/staff.html", "/")

    @page("/logout", methods=("POST",))
    def logout(self) -> Response:
        who = person()
        people.sign_out(session.get("sign_in"))
        language = session.get("language")
        session.clear()
        if language:
            session["language"] = language
        return redirect("/login" if who is None or who.is_staff else "/partner/signin")

    @page("/language", methods=("POST",))
    def language(self) -> Response:
        """Changes the language without losing the page; remembered with the person."""
        wanted = request.form.get("language", "")
        if wanted not in current_app.config["LANGUAGES"]:
            flash(gettext("This language is not available."), "bad")
        else:
            session["language"] = wanted
            refresh()
            remember(person(), language=wanted)
        return redirect(local_path(request.form.get("next")) or "/")


def remember(who: people.Person | None, **choices: str | None) -> None:
    """Keeps a choice with the signed-in person."""
    if who is None:
        return
    user = db.session.get(User, who.id)
    if user is not None:
        for name, value in choices.items():
            setattr(user, name, value)
        db.session.commit()


class PartnerDoorView(HouseView):
    access, frame, route_base = EVERYBODY, "bare", "/partner"

    @page("/signin", methods=("GET", "POST"))
    def signin(self) -> Any:
        return sign_in_page(Side.PARTNER, "sign_in/partner.html", "/portal/")


class AccountForm(HouseForm):
    first_name = StringField(_("First name"), [Required(), LengthSaid(max=64), PersonName()], filters=[cleaned])
    last_name = StringField(_("Last name"), [Required(), LengthSaid(max=64), PersonName()], filters=[cleaned])
    phone = StringField(_("Phone"), [Optional(), LengthSaid(max=30), Checked("phone")], filters=[cleaned])
    language = SelectField(_("Language"), choices=[SelectChoice("fr", "Français"), SelectChoice("en", "English")])
    theme = SelectField(_("Theme"), choices=[SelectChoice("auto", _("As on this device")), SelectChoice("light", _("Light")), SelectChoice("dark", _("Dark"))])
    wants_alerts = BooleanField(_("Alerts by e-mail"), description=_("An e-mail each time a file is awaiting validation."))


class PasswordForm(HouseForm):
    current = PasswordField(_("Current password"), [Required()])
    password = PasswordField(_("New password"), [Required()], description=_("At least 10 characters."))
    password_again = PasswordField(_("New password again"), [Required()])


class AccountView(HouseView):
    """One's own name, language, theme and password."""

    access, frame, route_base = SIGNED_IN, "bare", "/account"

    @page("/", methods=("GET", "POST"))
    def show(self) -> Any:
        user = db.session.get_one(User, signed_in().id)
        form = AccountForm(obj=user)
        if not signed_in().is_staff:
            del form.wants_alerts
        if form.validate_on_submit():
            form.populate_obj(user)
            db.session.commit()
            session["language"] = form.language.data
            refresh()
            flash(gettext("Your settings have been saved."), "good")
            return redirect("/account/")
        return render_template("settings/account.html", form=form, password_form=PasswordForm(formdata=None)), 422 if form.is_submitted() else 200

    @page("/password", methods=("POST",))
    def password(self) -> Any:
        """Changes the password; every other sign-in of this person ends."""
        form = PasswordForm()
        try:
            if form.validate():
                hashed = people.hash_password(form.password.data or "", form.password_again.data)
                if not people.check_own_password(signed_in(), form.current.data or "", request.remote_addr or ""):
                    raise RuleBroken(_("This is not your current password."), "current")
                open_session(people.change_password(signed_in(), hashed))
                flash(gettext("Your password has been changed. Other devices have been signed out."), "good")
                return redirect("/account/")
        except RuleBroken as refusal:
            form.refuse(refusal)
        account = AccountForm(obj=db.session.get_one(User, signed_in().id), formdata=None)
        return render_template("settings/account.html", form=account, password_form=form), 422


class CabinetView(HouseView):
    """The choice of cabinet, for a person who belongs to several."""

    access, frame, route_base = MEMBERS, "portal", "/partner/cabinet"

    @page("/", methods=("GET", "POST"))
    def show(self) -> Any:
        who = signed_in()
        refusal = None
        if request.method == "POST":
            sent = request.form.get("partner_id", "")
            try:
                people.change_cabinet(session["sign_in"], who, int(sent) if sent.isdecimal() and len(sent) < 10 else 0)
                return redirect("/portal/")
            except RuleBroken as broken:
                refusal = broken.sentence
        return render_template("portal/cabinets.html", cabinets=people.cabinets_of(who), refusal=refusal), 422 if refusal else 200

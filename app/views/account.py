"""One's own account: who one is here, name, photo, how pages look, password, and the browsers one is signed in with."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, current_app, flash, redirect, render_template, request, session
from flask_babel import gettext, lazy_gettext as _, refresh
from werkzeug.wrappers import Response as AnyResponse
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import Optional

import config
from app.extensions import db
from app.models import User
from app.permissions import FOLLOW_UP, LEVEL_WORDS, MY_COMPANY, NONE, PARTNER_VALIDATION, PORTAL_TABLE, READ, STAFF_TABLE
from app.services import alerts, browsers, calendars, factors, files, passwords, people, photos, sign_ins
from app.services.refusals import STALE, RuleBroken
from app.views.base import EVERYBODY, SIGNED_IN, HouseForm, HouseView, page, signed_in
from app.views.base.forms import Checked, LengthSaid, PersonName, Required, SelectChoice, cleaned
from app.views.sign_in import open_session

DENSITIES = [SelectChoice("comfortable", _("Comfortable")), SelectChoice("compact", _("Compact: more rows on the screen"))]


class AccountForm(HouseForm):
    first_name = StringField(_("First name"), [Required(), LengthSaid(max=64), PersonName()], filters=[cleaned])
    last_name = StringField(_("Last name"), [Required(), LengthSaid(max=64), PersonName()], filters=[cleaned])
    phone = StringField(_("Phone"), [Optional(), LengthSaid(max=30), Checked("phone")], filters=[cleaned])
    language = SelectField(_("Language"), choices=[SelectChoice(code, facts["name"]) for code, facts in config.Config.LANGUAGES.items()])
    theme = SelectField(_("Theme"), choices=[SelectChoice("auto", _("As on this device")), SelectChoice("light", _("Light")), SelectChoice("dark", _("Dark"))])
    density = SelectField(_("Density of lists"), choices=DENSITIES, default="comfortable")


class AddressForm(HouseForm):
    email = StringField(_("New e-mail"), [Required(), LengthSaid(max=320), Checked("email")], filters=[cleaned])
    current = PasswordField(_("Current password"), [Required()])


class PasswordForm(HouseForm):
    current = PasswordField(_("Current password"), [Required()])
    password = PasswordField(_("New password"), [Required()], description=_("At least 10 characters."))
    password_again = PasswordField(_("New password again"), [Required()])


def own_user() -> User:
    return db.session.get_one(User, signed_in().id)


def account_form(**options: Any) -> AccountForm:
    return AccountForm(obj=own_user(), **options)


def screen(
    form: AccountForm | None = None,
    password_form: PasswordForm | None = None,
    photo_refusal: Any = None,
    stale: bool = False,
    address_form: AddressForm | None = None,
    calendar_address: str = "",
) -> str:
    who = signed_in()
    return render_template(
        "settings/account.html",
        form=form or account_form(formdata=None),
        password_form=password_form or PasswordForm(formdata=None),
        address_form=address_form or AddressForm(formdata=None, prefix="address-"),
        photo_refusal=photo_refusal,
        alert_kinds=alerts.KINDS if who.is_staff and who.may(PARTNER_VALIDATION, READ) else {},
        alert_ways=who.preferences.get("alerts") or {},
        may_calendar=who.may(FOLLOW_UP, READ) or who.may(MY_COMPANY, READ),
        has_calendar=calendars.has_link(who),
        calendar_address=calendar_address,
        version=own_user().version if stale or "version" not in request.form else request.form["version"],
        browsers=sign_ins.open_browsers(signed_in().id, session.get("sign_in")),
        second_factor=factors.is_on(signed_in().id),
        second_factor_wanted=factors.required_of(own_user()),
        codes_left=factors.codes_left(signed_in().id),
    )


class CalendarView(HouseView):
    """A calendar behind its secret: no cookie is asked for, and nothing else opens."""

    access, frame, route_base = EVERYBODY, "bare", "/calendar"

    @page("/<secret>.ics")
    def feed(self, secret: str) -> AnyResponse:
        found = calendars.of_link(secret)
        if found is None:
            abort(404)
        response = Response(found, mimetype="text/calendar")
        response.headers["Content-Disposition"] = "attachment; filename=tasks.ics"
        return response


class AccountView(HouseView):
    access, frame, route_base = SIGNED_IN, "bare", "/account"

    @page("/", methods=("GET", "POST"))
    def show(self) -> Any:
        form = account_form()
        if form.validate_on_submit():
            user = db.session.get_one(User, signed_in().id, with_for_update=True, populate_existing=True)
            if request.form.get("version") not in (None, str(user.version)):
                form.refuse(RuleBroken(STALE))
                return screen(form, stale=True), 409
            form.populate_obj(user)
            user.version += 1
            db.session.commit()
            session["language"] = form.language.data
            refresh()
            flash(gettext("Your settings have been saved."), "good")
            return redirect("/account/")
        return screen(form), 422 if form.is_submitted() else 200

    @page("/profile")
    def profile(self) -> str:
        """Who one is here: name, roles, and what they allow."""
        who = signed_in()
        table = STAFF_TABLE if who.is_staff else PORTAL_TABLE
        rights = [(access, level) for access in table if (level := who.rights.get(access.name, NONE)) > NONE]
        return render_template("settings/profile.html", user=own_user(), rights=rights, words=LEVEL_WORDS)

    @page("/password", methods=("POST",))
    def password(self) -> Any:
        """Changes the password; every other sign-in of this person ends."""
        form = PasswordForm()
        try:
            if form.validate():
                who = signed_in()
                hashed = people.hash_password(form.password.data or "", form.password_again.data, [who.name, who.email, who.partner_name])
                if not passwords.check_own_password(signed_in(), form.current.data or "", request.remote_addr or ""):
                    raise RuleBroken(_("This is not your current password."), "current")
                open_session(passwords.change(signed_in(), hashed, request.remote_addr or "", browsers.words_of(request.user_agent.string)))
                flash(gettext("Your password has been changed. Other devices have been signed out."), "good")
                return redirect("/account/")
        except RuleBroken as refusal:
            form.refuse(refusal)
        return screen(password_form=form), 422

    @page("/email", methods=("POST",))
    def email(self) -> Any:
        """Mails a link to another address; it becomes one's own when the link is opened."""
        form = AddressForm(prefix="address-")
        try:
            if form.validate():
                passwords.ask_for_address(signed_in(), form.email.data or "", form.current.data or "", request.remote_addr or "")
                flash(gettext("Open the link that has been sent to %(email)s. Until then you sign in as before.", email=form.email.data), "good")
                return redirect("/account/")
        except RuleBroken as refusal:
            form.refuse(refusal)
        return screen(address_form=form), 422

    @page("/photo", methods=("GET",))
    def photo(self) -> AnyResponse:
        """One's own photo, or the house's mark; its address changes with it, so that a browser may keep it."""
        try:
            pieces = files.read(signed_in().photo or "")
        except (files.FileMissing, files.StoreGone):
            return redirect("/static/mark.svg")
        response = Response(pieces, mimetype="image/jpeg")
        response.headers["Cache-Control"] = "private, max-age=86400"
        return response

    @page("/photo", methods=("POST",))
    def new_photo(self) -> Any:
        sent, form = request.files.get("photo"), request.form
        cut = photos.Cut.read(form.get("x", ""), form.get("y", ""), form.get("size", ""))
        try:
            cut_out = photos.square(sent.read(files.LARGEST + 1) if sent else b"", cut)  # before a transaction begins
        except RuleBroken as refusal:
            return screen(photo_refusal=refusal.sentence), 422
        before = photos.keep(own_user(), cut_out)
        db.session.commit()
        forget(before)
        flash(gettext("Your photo has been saved."), "good")
        return redirect("/account/")

    @page("/photo/remove", methods=("POST",))
    def remove_photo(self) -> Any:
        user = own_user()
        before, user.photo = user.photo, None
        db.session.commit()
        forget(before)
        flash(gettext("Your photo has been removed."), "good")
        return redirect("/account/")

    @page("/alerts", access=PARTNER_VALIDATION, methods=("POST",))
    def alerts(self) -> AnyResponse:
        """Which alerts come by mail, and when."""
        alerts.choose(signed_in().id, {kind: request.form.get(kind, "") for kind in alerts.KINDS})
        flash(gettext("Your settings have been saved."), "good")
        return redirect("/account/#alerts")

    @page("/calendar", methods=("POST",))
    def calendar(self) -> Any:
        """Makes a fresh address of one's calendar, and shows it once."""
        secret = calendars.make_link(signed_in())
        return screen(calendar_address=f"{current_app.config['PUBLIC_URL'].rstrip('/')}/calendar/{secret}.ics")

    @page("/calendar/withdraw", methods=("POST",))
    def withdraw_calendar(self) -> AnyResponse:
        calendars.withdraw(signed_in())
        flash(gettext("The address has been withdrawn."), "good")
        return redirect("/account/#calendar")

    @page("/sign-out/<id:sign_in_id>", methods=("POST",))
    def sign_out_one(self, sign_in_id: int) -> Any:
        """Ends one other sign-in of this person."""
        if not sign_ins.sign_out_one(signed_in().id, sign_in_id):
            abort(404)
        flash(gettext("This device has been signed out."), "good")
        return redirect("/account/")

    @page("/sign-out-elsewhere", methods=("POST",))
    def sign_out_elsewhere(self) -> Any:
        """Ends every other sign-in of this person."""
        sign_ins.sign_out_elsewhere(signed_in(), session.get("sign_in"))
        flash(gettext("Other devices have been signed out."), "good")
        return redirect("/account/")


def forget(key: str | None) -> None:
    if key:
        files.remove(key)

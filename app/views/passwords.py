"""Pages of a forgotten password and of the links that are mailed for it or for another e-mail address."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import gettext, lazy_gettext as _
from wtforms import PasswordField, StringField

from app.models import Purpose, Side
from app.services import passwords, registration
from app.services.refusals import RuleBroken
from app.views.base import EVERYBODY, HouseForm, HouseView, page
from app.views.base.forms import Checked, LengthSaid, Required, cleaned

DOORS = {Side.STAFF: "/login", Side.PARTNER: "/partner/signin"}


class ForgottenForm(HouseForm):
    email = StringField(_("E-mail"), [Required(), LengthSaid(max=320), Checked("email")], filters=[cleaned])


class TakeAddressForm(HouseForm):
    current = PasswordField(_("Your password"), [Required()])


class NewPasswordForm(HouseForm):
    password = PasswordField(_("New password"), [Required()], description=_("At least 10 characters."))
    password_again = PasswordField(_("New password again"), [Required()])


def dead_link(refusal: RuleBroken) -> Any:
    return render_template("registration/dead_link.html", sentence=refusal.sentence, again="/password/forgotten"), 410


class PasswordDoorView(HouseView):
    """Open to everybody, and silent about who has an account."""

    access, frame, route_base = EVERYBODY, "bare", "/password"

    @page("/forgotten", methods=("GET", "POST"))
    def forgotten(self) -> Any:
        form = ForgottenForm()
        if form.validate_on_submit():
            try:
                passwords.ask(form.email.data or "", request.remote_addr or "")
                return render_template("sign_in/forgotten_sent.html", email=form.email.data)
            except RuleBroken as refusal:
                form.refuse(refusal)
        return render_template("sign_in/forgotten.html", form=form), 422 if form.is_submitted() else 200

    @page("/reset/<secret>", methods=("GET", "POST"))
    def reset(self, secret: str) -> Any:
        """The link is used by the form, not by being opened: mail programs open links by themselves."""
        try:
            link = registration.find_link(secret, (Purpose.RESET,))
        except RuleBroken as refusal:
            return dead_link(refusal)
        form = NewPasswordForm()
        if form.validate_on_submit():
            try:
                side = passwords.reset(secret, form.password.data or "", form.password_again.data or "")
                flash(gettext("Your password has been changed. Please sign in."), "good")
                return redirect(DOORS[side])
            except RuleBroken as refusal:
                form.refuse(refusal)
        return render_template("sign_in/new_password.html", form=form, link=link), 422 if form.is_submitted() else 200

    @page("/address/<secret>", methods=("GET", "POST"))
    def address(self, secret: str) -> Any:
        """The same for another address, which one's password takes over."""
        try:
            link = registration.find_link(secret, (Purpose.NEW_ADDRESS,))
        except RuleBroken as refusal:
            return dead_link(refusal)
        form = TakeAddressForm()
        if form.validate_on_submit():
            try:
                side = passwords.take_address(secret, form.current.data or "", request.remote_addr or "")
                flash(gettext("Your address has been changed. Please sign in with it."), "good")
                return redirect(DOORS[side])
            except RuleBroken as refusal:
                if refusal.sentence is passwords.GONE:
                    return dead_link(refusal)
                form.refuse(refusal)
        return render_template("sign_in/new_address.html", form=form, link=link), 422 if form.is_submitted() else 200

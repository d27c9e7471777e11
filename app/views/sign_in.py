"""The two doors, and what is the same behind both: signing out, the language, the choice of cabinet."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, session
from flask_babel import gettext, lazy_gettext as _, refresh
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField

from app.extensions import db
from app.models import Side, User
from app.services import browsers, people, sign_ins
from app.services.refusals import RuleBroken
from app.views.base import EVERYBODY, MEMBERS, HouseForm, HouseView, local_path, page, person, signed_in
from app.views.base.forms import LengthSaid, Required, cleaned


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
            browser = browsers.words_of(request.user_agent.string)
            secret, awaits = sign_ins.sign_in(form.email.data or "", form.password.data or "", side, request.remote_addr or "", browser)
            open_session(secret)
            if awaits:
                session["next"] = wanted
                return redirect(f"/second-factor/{awaits}")
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
        sign_ins.sign_out(session.get("sign_in"))
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
                sign_ins.change_cabinet(session["sign_in"], who, int(sent) if sent.isdecimal() and len(sent) < 10 else 0)
                return redirect("/portal/")
            except RuleBroken as broken:
                refusal = broken.sentence
        return render_template("portal/cabinets.html", cabinets=sign_ins.cabinets_of(who), refusal=refusal), 422 if refusal else 200

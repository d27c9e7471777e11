"""The second factor: a code at the door, and setting it up there or among one's settings."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, session
from flask_babel import gettext, lazy_gettext as _
from werkzeug.wrappers import Response
from wtforms import StringField

from app.models import Side, SignIn, User
from app.services import factors, sign_ins
from app.services.crossings import crossing
from app.services.people import digest_of
from app.services.refusals import RuleBroken
from app.views.base import BETWEEN, SIGNED_IN, HouseForm, HouseView, local_path, page, signed_in
from app.views.base.forms import LengthSaid, Required, cleaned
from app.views.sign_in import open_session


class CodeForm(HouseForm):
    code = StringField(_("Code"), [Required(), LengthSaid(max=20)], filters=[cleaned], render_kw={"autocomplete": "one-time-code", "inputmode": "text"})


def half() -> SignIn | None:
    """The sign-in that waits at the door."""
    return sign_ins.half_signed_in(session.get("sign_in"))


def person_of(found: SignIn) -> User:
    with crossing() as reading:
        return reading.get_one(User, found.user_id)


def let_in(found: SignIn) -> str:
    """Opens the session under a new secret; returns where to go."""
    wanted = local_path(session.get("next"))
    open_session(sign_ins.complete(found))
    return wanted or ("/" if person_of(found).side is Side.STAFF else "/portal/")


class FactorDoorView(HouseView):
    """Between the password and the house: for whoever has shown the first and not yet the second."""

    access, frame, route_base = BETWEEN, "bare", "/second-factor"

    def waiting_for(self, what: str) -> SignIn | None:
        found = half()
        return found if found is not None and found.awaits == what else None

    @page("/code", methods=("GET", "POST"))
    def code(self) -> Any:
        found = self.waiting_for("code")
        if found is None:
            return redirect("/login")
        form = CodeForm()
        if form.validate_on_submit():
            try:
                factors.check(found.user_id, form.code.data or "", request.remote_addr or "")
                return redirect(let_in(found))
            except RuleBroken as refusal:
                form.refuse(refusal)
        return render_template("sign_in/code.html", form=form), 422 if form.is_submitted() else 200

    @page("/set-up", methods=("GET", "POST"))
    def set_up(self) -> Any:
        """The house wants a second factor of this person: it is set up before anything else."""
        found = self.waiting_for("set-up")
        if found is None:
            return redirect("/login")
        return set_up(found.user_id, person_of(found).email, found.digest, "bare", lambda: let_in(found), wanted=True)


def set_up(user_id: int, email: str, sign_in: str, frame: str, onward: Any, wanted: bool) -> Any:
    """What this sign-in has begun: its key, and the code that confirms it."""
    form, back = CodeForm(), "/account/" if frame != "bare" else "/login"
    try:
        begun = factors.begun(user_id, email, sign_in)
    except RuleBroken as refusal:
        flash(str(refusal.sentence), "warn")
        return redirect(back)
    if begun is None:
        return redirect(back)
    try:
        if form.validate_on_submit():
            codes = factors.confirm(user_id, sign_in, form.code.data or "", request.remote_addr or "")
            return render_template("sign_in/recovery.html", codes=codes, frame=frame, onward=onward())
    except RuleBroken as refusal:
        form.refuse(refusal)
    return render_template("sign_in/set_up.html", form=form, begun=begun, frame=frame, wanted=wanted), 422 if form.is_submitted() else 200


class OwnFactorView(HouseView):
    """One's own second factor: every change asks for the password, if it was not given lately."""

    access, frame, route_base, sensitive = SIGNED_IN, "bare", "/account/second-factor", True

    def own_frame(self) -> str:
        return "staff" if signed_in().is_staff else "portal"

    @page("/begin", methods=("POST",))
    def begin(self) -> Response:
        try:
            factors.begin_own(signed_in().id, digest_of(session["sign_in"]))
        except RuleBroken as refusal:
            flash(str(refusal.sentence), "warn")
            return redirect("/account/")
        return redirect("/account/second-factor/")

    @page("/", methods=("GET", "POST"))
    def set_up(self) -> Any:
        if not sign_ins.proved_lately(session.get("sign_in")):
            return redirect("/account/")  # the key is shown to nobody who finds a screen left open
        return set_up(signed_in().id, signed_in().email, digest_of(session["sign_in"]), self.own_frame(), lambda: "/account/", wanted=False)

    @page("/codes", methods=("POST",))
    def codes(self) -> Any:
        try:
            return render_template("sign_in/recovery.html", codes=factors.renew_codes(signed_in().id), frame=self.own_frame(), onward="/account/")
        except RuleBroken as refusal:
            flash(str(refusal.sentence), "bad")
            return redirect("/account/")

    @page("/remove", methods=("POST",))
    def remove(self) -> Response:
        try:
            factors.remove(signed_in().id, signed_in())
            flash(gettext("Your second factor has been turned off."), "good")
        except RuleBroken as refusal:
            flash(str(refusal.sentence), "bad")
        return redirect("/account/")

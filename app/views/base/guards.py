"""Every address says who may open it: `page()` is the only way to expose one, and it wants an access and a level."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import urlencode

from flask import abort, current_app, flash, g, redirect, render_template, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import LazyString, gettext
from werkzeug.wrappers import Response

from app.permissions import PARTNER_VALIDATION, READ, SCREENING, Access, Level
from app.services import passwords, sign_ins
from app.services.client_links import Guest
from app.services.people import Person, Waiting
from app.services.refusals import RuleBroken


class Door:
    """Who an address is open to when no row of the permission table decides: everybody, applicants, or anyone signed in."""

    def __init__(self, name: str) -> None:
        self.name = name


EVERYBODY, APPLICANTS, MEMBERS, SIGNED_IN, DEMO = Door("everybody"), Door("applicants"), Door("members"), Door("signed_in"), Door("demo")
GUESTS = Door("guests")  # clients who came by a mailed link
BETWEEN = Door("between")  # whoever has given the password and not yet the second factor


def person() -> Person | None:
    return g.get("person")


def guest() -> Guest:
    """The client behind this request; only behind an address for guests."""
    found: Guest | None = g.get("guest")
    if found is None:
        abort(403)
    return found


def waiting() -> Waiting:
    """What calls for this person's work, as counted when the request began."""
    who = person()
    if who is None or not who.is_staff:
        return Waiting()
    found: Waiting = g.waiting
    matches = found.matches if who.may(SCREENING, READ) else 0
    if not who.may(PARTNER_VALIDATION, READ):
        return Waiting(tasks=found.tasks, matches=matches)
    return Waiting(found.alerts, found.files, found.tasks, unread=found.unread, matches=matches)


def signed_in() -> Person:
    """The person behind this request; only behind a guarded address."""
    found = person()
    if found is None:
        abort(401)
    return found


def page(url: str, needs: Level = READ, methods: tuple[str, ...] = ("GET",), access: Access | Door | None = None, sensitive: bool = False) -> Callable:
    """Exposes a method of a HouseView at `url`, for those who have `needs` on `access` (the view's own, if not given)."""

    def decorate(method: Callable) -> Callable:
        @functools.wraps(method)
        def guarded(self: HouseView, *args: Any, **kwargs: Any) -> Any:
            refusal = self.refusal(access or self.access, needs)
            if refusal is None and (sensitive or self.sensitive) and request.method == "POST":
                refusal = asks_again(self.frame)
            return refusal if refusal is not None else method(self, *args, **kwargs)

        guarded.asks = (access, needs)  # type: ignore[attr-defined]
        guarded._permission_name = needs.name.lower()  # type: ignore[attr-defined]
        return expose(url, methods=methods)(guarded)

    return decorate


class HouseView(BaseView):
    """A group of addresses. One without `access` cannot be defined."""

    access: Access | Door
    frame = "staff"
    pages: ClassVar[dict[str, LazyString]] = {}  # further pages of a record, beside its tabs: the end of the address and words
    sensitive = False  # what is changed here wants the password again, if it was given more than a quarter of an hour ago

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.__dict__.get("abstract"):
            return
        if not isinstance(getattr(cls, "access", None), Access | Door):
            raise TypeError(f"{cls.__name__} must say who may open it (access = …)")
        if isinstance(cls.access, Access):
            cls.class_permission_name = cls.access.name

    def refusal(self, asked: Access | Door, level: Level) -> Response | None:
        return refusal(self.frame, asked, level)


def refusal(frame: str, asked: Access | Door, level: Level) -> Response | None:
    """None when the person may go on; else where it is sent, or 403."""
    who = person()
    if asked is EVERYBODY:
        return None
    if asked is BETWEEN:
        return None if sign_ins.half_signed_in(session.get("sign_in")) is not None else redirect("/login")
    if asked is DEMO:
        return None if current_app.config["DEMO"] else abort(404)
    if asked is GUESTS:
        return None if g.get("guest") is not None else abort(403)
    if who is None:
        return to_sign_in(frame)
    if asked is SIGNED_IN or (asked is MEMBERS and not who.is_staff):
        return None
    if asked is MEMBERS:
        abort(404)
    if asked is APPLICANTS:
        return None if not who.is_staff and not who.rights else abort(404)
    assert isinstance(asked, Access)
    if not who.may(asked, level):
        if not who.is_staff and not who.rights:
            return redirect(url_for("RegistrationView.file"))
        abort(403)
    return None


def asks_again(frame: str) -> Any:
    """None when the password was given lately; else a page that asks for it and brings along everything that was sent."""
    secret, typed, sentence = session.get("sign_in"), request.form.get("again_password"), None
    if typed is None:
        if sign_ins.proved_lately(secret):
            return None
    else:
        try:
            if passwords.check_own_password(signed_in(), typed.replace("\x00", "")[:200], request.remote_addr or ""):
                sign_ins.note_proof(secret)
                return None
            sentence = gettext("This is not your current password.")
        except RuleBroken as refusal:
            sentence = str(refusal.sentence)
    sent = [(name, value) for name, value in request.form.items(multi=True) if "password" not in name and name != "csrf_token"]
    return render_template("sign_in/again.html", frame=frame, sent=sent, refusal=sentence, address=request.full_path.rstrip("?")), 422 if sentence else 401


def to_sign_in(frame: str) -> Response:
    """The sign-in page of the right side; a GET comes back to where it was going, and a form to itself with what was kept of it."""
    if request.method == "GET" and request.accept_mimetypes.accept_html:
        session["next"] = request.full_path.rstrip("?")
    elif request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        abort(401)  # a script asks: it is told so, and nobody is sent anywhere
    elif request.method == "POST" and request.url_rule is not None and "GET" in (request.url_rule.methods or ()):
        token = request.form.get("draft", "")
        asked = [(name, value) for name, value in request.args.items(multi=True) if name != "draft"]
        asked += [("draft", token)] if re.fullmatch("[0-9a-f]{1,16}", token) else []
        session["next"] = f"{request.path}?{urlencode(asked)}" if asked else request.path
        flash(gettext("Your session has ended: nothing has been saved. Please sign in again; you come back to the same page, with what was kept as a draft."), "warn")
    elif request.method == "POST":
        flash(gettext("Your session has ended: nothing has been done. Please sign in again."), "warn")
    return redirect(url_for("PartnerDoorView.signin" if frame == "portal" else "StaffDoorView.login"))


def local_path(address: str | None) -> str | None:
    """An address of ours, or None: nothing that a browser could read as another host."""
    good = bool(address) and address.startswith("/") and not address.startswith(("//", "/\\")) and "\\" not in address and not any(ord(letter) < 32 for letter in address)
    return address if good else None

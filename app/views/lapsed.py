"""Forms whose session has gone: whoever sends one is asked to sign in, or gets it back to send it once more."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import current_app, flash, redirect, request, session
from flask_babel import gettext

from app.permissions import Access
from app.services import drafts, people
from app.views.base import drafts as kept
from app.views.base.guards import HouseView, to_sign_in


def is_from_here() -> bool:
    """Whether one of our own pages has sent the form, as far as the browser says."""
    origin = request.headers.get("Origin")  # the scheme is left out: behind a proxy it may be another here
    return request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin" and (origin is None or urlsplit(origin).netloc == request.host)


def form_of_another_session() -> Any:
    """Whoever has signed out and in again in another tab sends forms of the session before: nothing is saved, and what was typed is
    there to be saved again. Only for forms that keep drafts anyway."""
    who, _waiting = people.identify(session.get("sign_in"))
    token = request.form.get("draft", "")
    rule = request.url_rule
    if who is None or not is_from_here() or rule is None or "GET" not in (rule.methods or ()) or not drafts.is_token(token):
        return None
    place = kept.place()
    fields = [(name, value) for name, value in request.form.items(multi=True) if name not in drafts.NEVER and "password" not in name]
    if sum(len(name) + len(value) for name, value in fields) > drafts.LARGEST:
        return None
    drafts.keep(who, place, token, fields)
    flash(gettext("This form was opened before you signed in again: nothing has been saved yet. What you typed is here; please save it once more."), "warn")
    return redirect(f"{place}{'&' if '?' in place else '?'}draft={token}")


def door_of_ended_session() -> Any:
    """Whoever sends a form after the session has gone, cookies and all, is asked to sign in; None for what everybody may send."""
    method = current_app.view_functions.get(request.endpoint or "")
    view, asks = getattr(method, "__self__", None), getattr(method, "asks", None)
    if not is_from_here():
        return None
    if not isinstance(view, HouseView) or asks is None or not isinstance(asks[0] or view.access, Access):
        return None
    if people.identify(session.get("sign_in"))[0] is not None:  # a token is looked at before anybody is met
        return None
    return to_sign_in(view.frame)

"""Drafts on the forms of the house: where a form stands, whether something was begun there, and how it is taken up again."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

from flask import g, request
from werkzeug.datastructures import MultiDict

from app.extensions import db
from app.models import Draft
from app.services import drafts
from app.views.base.guards import signed_in


def place() -> str:
    """The address of the form, which a draft is kept under; all steps of one form have one."""
    query = urlencode([(name, value) for name, value in request.args.items(multi=True) if name not in ("draft", "step")])
    return f"{request.path}?{query}" if query else request.path


def kept_here() -> Draft | None:
    """The draft that the address asks for, else the latest of this form. Asked for only where the person's row has told of any:
    most people have none."""
    return drafts.find(signed_in(), place(), asked_for()) if request.method == "GET" and g.waiting.drafts else None


def asked_for() -> str:
    """The draft that an address or a form names."""
    sent = request.args.get("draft", "") if request.method == "GET" else request.form.get("draft", "")
    return sent if drafts.is_token(sent) else ""


def begun() -> dict[str, Any]:
    """What a form's page needs to know of its draft: there is one, it has been taken up, when it was kept."""
    draft = kept_here()
    taken_up = bool(draft and asked_for())
    held = asked_for() if taken_up or request.method == "POST" else ""  # a refused form still has its draft
    return {
        "place": place(),
        "saved_at": draft.saved_at if draft else None,
        "kept_as": drafts.token_of(draft) if draft else "",
        "taken_up": taken_up,
        "held": held,
        "token": held or secrets.token_hex(6),
    }


def typed() -> MultiDict[str, str] | None:
    """The fields of the draft, where the address asks to take it up."""
    draft = kept_here() if asked_for() else None
    return MultiDict([(name, value) for name, value in draft.fields]) if draft is not None else None


def keep_here(fields: drafts.Fields) -> str:
    """Keeps what stands in a form that is not saved by the button that was pressed; returns the draft's token. Between transactions,
    for it writes on a session of its own."""
    token = asked_for() or "0"
    if fields:
        db.session.rollback()
        drafts.keep(signed_in(), place(), token, fields)
    return token


def all_done() -> None:
    """The same for a form of several steps, whose windows each had one."""
    db.session.rollback()
    drafts.forget_all(signed_in(), place())


def done() -> None:
    """The form has been saved: its draft is no longer needed. After the commit, for it writes on a session of its own."""
    if token := asked_for():
        db.session.rollback()
        drafts.forget(signed_in(), place(), token)

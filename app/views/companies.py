"""The part of a form that fills a company's file from the registers: a button beside the others, which saves nothing."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext

from app.extensions import db
from app.models import Partner
from app.services import companies
from app.services.refusals import RuleBroken
from app.views.base import HouseForm, signed_in
from app.views.base.columns import column_of
from app.views.base.forms import cleaned

BUTTON = "from_register"


def filled(form: HouseForm, model: Any = Partner, names: dict[str, str] | None = None) -> dict[str, Any] | None:
    """`names` says which field holds what the register calls otherwise. None unless the form was sent by one of the register's buttons; else what its part of the page shows. Facts of the one
    company that was found replace those of the form; everything else that was typed stays."""
    if BUTTON not in request.form:
        return None
    typed = request.form[BUTTON] if request.form[BUTTON] != "1" else cleaned(request.form.get("company_sought", "")) or request.form.get("siren", "")
    shown: dict[str, Any] = {"sought": typed[:100], "choices": (), "refusal": None, "done": ""}
    db.session.rollback()  # no transaction is held while a register thinks
    try:
        found = companies.find(typed[:100], signed_in().id)
    except RuleBroken as refusal:
        return shown | {"refusal": refusal.sentence}
    for told, value in found.facts.items():
        name = (names or {}).get(told, told)
        if name in form:
            choices = column_of(model, name).choices
            form[name].data = choices(value) if choices else value
    done = gettext("Filled in from the register. Please check, then save.") if found.facts else ""
    ceased = gettext("According to the register, this company has ceased its activity. Please check before you save.") if found.has_ceased else ""
    return shown | {"choices": found.choices, "done": done, "ceased": ceased}

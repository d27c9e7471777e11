"""The step of a file in which its beneficial owners are named and the questions about its business are answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import redirect, request
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.extensions import db
from app.models import BeneficialOwner, Control, Partner, Questionnaire, User
from app.services import once, owners
from app.services.questionnaires import answers
from app.services.questionnaires.definition import read
from app.services.refusals import RuleBroken
from app.views import answering
from app.views.base import HouseForm, drafts, signed_in
from app.views.base.forms import form_for
from app.views.screening import OWNER

if TYPE_CHECKING:
    from app.views.registration import RegistrationView

PREFIX = "owner-"  # before the names of an owner's fields, which stand in one form with the questions


def step(view: RegistrationView, partner: Partner, wizard: Callable[..., Any]) -> Any:
    """Shows the step, or does what its button says: name an owner, let one go, or save and go on. What has been typed elsewhere in
    the form stays, whichever button it was."""
    questionnaire = answering.questionnaire_shown(answering.KYP)
    form, told, wrong = owner_form(drafts.typed()), {"owners": ""}, {}
    if request.method == "POST":
        deed = request.form.get("deed", "")
        try:
            if deed:
                form = owner_deed(view, partner, deed, form)
                drafts.keep_here([(name, value) for name, value in request.form.items(multi=True) if name.startswith("q_")])
                partner = view.partner()
            else:
                wrong = go_on(partner, questionnaire, form)
                told["owners"] = str(wrong.get("owners", ""))
                if not wrong:
                    db.session.commit()
                    drafts.done()
                    return redirect("/partner/file/submit")
                db.session.rollback()
                partner = view.partner()
        except once.AlreadyDone as done:
            if done.led_to:
                return redirect(done.led_to)
            form, partner = owner_form(MultiDict()), view.partner()
        except RuleBroken as refusal:
            db.session.rollback()
            partner = view.partner()
            if refusal.field == "owners":
                told["owners"] = str(refusal.sentence)
            else:
                form.refuse(refusal)
    return wizard("activity", partner, form, status_of(form, told, wrong), **facts_of(partner, questionnaire, form, told, wrong))


def status_of(form: HouseForm, told: dict[str, str], wrong: dict[str, Any]) -> int:
    return 422 if wrong or told["owners"] or form.first_error or form.form_errors else 200


def facts_of(partner: Partner, questionnaire: Questionnaire | None, form: HouseForm, told: dict[str, str], wrong: dict[str, Any]) -> dict[str, Any]:
    sheet = answering.sheet(questionnaire, typed_so_far(partner), wrong) if questionnaire is not None else None
    return {
        "sheet": sheet,
        "owners": owners.of_partner(partner.id),
        "told": told,
        "fields": OWNER,
        "is_open": bool(form.first_error or form.first_name.data or form.last_name.data),
    }


def owner_form(typed: Any = None) -> HouseForm:
    return form_for(BeneficialOwner, OWNER)(prefix=PREFIX, **({"formdata": typed} if typed is not None else {}))


def owner_deed(view: RegistrationView, partner: Partner, deed: str, form: HouseForm) -> HouseForm:
    """Names an owner or lets one go; returns the form to show next, empty where it has been used."""
    once.claim(request.form.get("one_time"), signed_in().id)
    if deed == "add":
        if not form.validate():
            db.session.rollback()
            return form
        add(partner, {name: form[name].data for name in OWNER})
    elif deed == "only_me":
        me = db.session.get_one(User, signed_in().id)
        if me.birth_date is None:
            raise RuleBroken(_("Please fill in your birth date in the first step."), "owners")
        add(partner, {"first_name": me.first_name, "last_name": me.last_name, "birth_date": me.birth_date, "control": Control.CAPITAL, "share": 100})
    elif deed.startswith("remove-") and deed[7:].isdecimal() and len(deed) < 17:
        owners.remove(db.first_or_404(select(BeneficialOwner).where(BeneficialOwner.id == int(deed[7:]), BeneficialOwner.partner_id == partner.id)))
    db.session.commit()
    return owner_form(MultiDict())


def add(partner: Partner, facts: dict[str, Any]) -> None:
    owner = BeneficialOwner(partner_id=partner.id, **{name: value for name, value in facts.items() if value is not None})
    with db.session.no_autoflush:
        owners.saving(owner, new=True)
    db.session.add(owner)
    db.session.flush()
    owners.saved(owner, new=True)


def go_on(partner: Partner, questionnaire: Questionnaire | None, form: HouseForm) -> dict[str, Any]:
    """Keeps the answers, and the owner whose name has been typed without pressing its own button; returns what is wrong."""
    once.claim(request.form.get("one_time"), signed_in().id, "/partner/file/submit")
    if (form.first_name.data or form.last_name.data) and not form.validate():
        raise RuleBroken(_("Please complete this beneficial owner, or empty its fields."), "owners")
    wrong: dict[str, Any] = {}
    if form.first_name.data or form.last_name.data:
        add(partner, {name: form[name].data for name in OWNER})
    if questionnaire is not None:
        values, wrong = answering.refusals_of(read(questionnaire.content), request.form)
        wrong = wrong or answering.contradicting(partner.id, values)
        before = answers.latest(partner.id, answering.KYP)
        if not wrong and (before is None or before.values != values or before.questionnaire_id != questionnaire.id):
            answers.answer(partner, questionnaire, values, signed_in().name)
    if not owners.of_partner(partner.id):
        wrong["owners"] = _("Please name at least one beneficial owner.")
    return wrong


def typed_so_far(partner: Partner) -> Any:
    """What stands in the questions: what was just sent, a draft that is taken up, or the latest answers."""
    if request.method == "POST":
        return request.form
    before = answers.latest(partner.id, answering.KYP)
    kept = answering.shown_as_typed(read(before.questionnaire.content), before.values) if before else MultiDict()
    return drafts.typed() or kept

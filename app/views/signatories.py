"""Adding a signatory, step by step: in which capacity, who it is, how to reach it. Nothing is kept before the last step."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import LazyString, gettext, lazy_gettext as _
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.models import Client, ClientKind, Signatory, SignatoryRole
from app.permissions import CLIENT_FILE, MY_CLIENTS, WRITE
from app.services import clients, once
from app.services.refusals import RuleBroken
from app.views.base import HouseView, drafts, page, signed_in
from app.views.base.forms import HouseForm, form_for
from app.views.client_file import found_client

STEPS: tuple[tuple[LazyString, list[str]], ...] = (
    (_("Capacity"), ["role"]),
    (_("Identity"), ["last_name", "first_name", "birth_date"]),
    (_("Contact details"), ["email", "phone", "is_principal"]),
)
FIELDS = [name for _title, names in STEPS for name in names]
PERSONS = (SignatoryRole.HOLDER, SignatoryRole.CO_HOLDER, SignatoryRole.GUARDIAN, SignatoryRole.USUFRUCTUARY, SignatoryRole.BARE_OWNER)
FITTING = {  # the capacities that a kind of client usually has, the usual one first; the others stay below them
    ClientKind.PERSON: PERSONS,
    ClientKind.COUPLE: PERSONS,
    ClientKind.COMPANY: (SignatoryRole.REPRESENTATIVE, SignatoryRole.BENEFICIAL_OWNER),
    ClientKind.ASSOCIATION: (SignatoryRole.REPRESENTATIVE, SignatoryRole.BENEFICIAL_OWNER),
}
WHAT_IT_IS: dict[SignatoryRole, LazyString] = {
    SignatoryRole.HOLDER: _("Signs in their own name: the contracts are theirs."),
    SignatoryRole.CO_HOLDER: _("Holds the contracts together with somebody else; both sign."),
    SignatoryRole.REPRESENTATIVE: _("Signs for a company or an association: manager, chair, director."),
    SignatoryRole.GUARDIAN: _("Signs for somebody who is under age or under protection."),
    SignatoryRole.BENEFICIAL_OWNER: _("Holds more than 25 % of the company, or controls it otherwise."),
    SignatoryRole.USUFRUCTUARY: _("Has the income and the use of what is held."),
    SignatoryRole.BARE_OWNER: _("Owns what somebody else has the use of."),
}


def place_of(sent: str) -> int:
    return int(sent) if sent in ("0", "1", "2") else 0


def as_typed(field: Any) -> str:
    """What a field would send, for the steps in which it is not seen."""
    if field.raw_data:
        return str(field.raw_data[0])
    if isinstance(field.data, SignatoryRole):
        return field.data.value
    return ("y" if field.data else "") if isinstance(field.data, bool) else str(field._value() or "")


class SignatorySteps(HouseView):
    abstract = True

    def client(self, record_id: int) -> Client:
        return found_client(record_id, self.route_base or "", to_change=True)

    @page("/<id:record_id>/signatories/add", needs=WRITE, methods=("GET", "POST"))
    def add(self, record_id: int) -> Any:
        """One form in three parts: what was typed in the others travels along unseen, and is kept as a draft from step to step, so that
        each has an address and a browser goes back and forth. "back" goes back without asking anything."""
        client = self.client(record_id)
        if request.method == "GET":
            typed = drafts.typed()
            form = form_for(Signatory, FIELDS)(data=self.beginning(client)) if typed is None else form_for(Signatory, FIELDS)(formdata=typed)
            return self.screen(client, form, 0 if typed is None else place_of(request.args.get("step", "")))
        form, step = form_for(Signatory, FIELDS)(), place_of(request.form.get("step", ""))
        if request.form.get("deed") == "back":
            return self.to_step(record_id, max(step - 1, 0))
        form.validate()
        if any(form[name].errors for name in STEPS[step][1]):
            return self.screen(client, form, step), 422
        if step < len(STEPS) - 1:
            return self.to_step(record_id, step + 1)
        if not form.errors and (answer := self.kept(client, form)) is not None:
            return answer
        step = next((place for place, (_title, names) in enumerate(STEPS) if any(form[name].errors for name in names)), step)
        return self.screen(self.client(record_id), form, step), 422

    def to_step(self, record_id: int, step: int) -> Any:
        typed = {name: request.form.get(name, "").replace("\x00", "")[:400] for name in FIELDS}
        client = self.client(record_id)
        its_own = (typed["last_name"], typed["first_name"]) == (client.last_name, client.first_name)
        if its_own and typed["role"] != SignatoryRole.HOLDER.value:  # whoever signs for somebody is somebody else
            typed |= dict.fromkeys(("last_name", "first_name", "birth_date", "email", "phone"), "")
        token = drafts.keep_here(list(typed.items()))
        return redirect(f"{self.route_base}/{record_id}/signatories/add?draft={token}&step={step}")

    def beginning(self, client: Client) -> dict[str, Any]:
        """What the steps begin with: a person usually signs for itself, and the first signatory is the principal."""
        first = not client.signatories
        known = {"last_name": client.last_name, "first_name": client.first_name, "birth_date": client.birth_date, "email": client.email, "phone": client.phone}
        return {"role": FITTING[client.kind][0], "is_principal": first} | (known if first and client.kind is ClientKind.PERSON else {})

    def screen(self, client: Client, form: HouseForm, step: int) -> str:
        fitting = [*FITTING[client.kind], *(role for role in SignatoryRole if role not in FITTING[client.kind])]
        capacities = [(role, WHAT_IT_IS[role]) for role in fitting]
        beside = [(name, as_typed(form[name])) for place, (_title, names) in enumerate(STEPS) if place != step for name in names]
        one_time = request.form.get("one_time") or once.new_token()
        return render_template(
            "clients/signatory.html",
            frame=self.frame,
            base=self.route_base,
            client=client,
            form=form,
            steps=STEPS,
            step=step,
            capacities=capacities,
            beside=beside,
            one_time=one_time,
            draft=drafts.begun(),
        )

    def kept(self, client: Client, form: HouseForm) -> Any:
        """The record page, or None when it was refused."""
        client_id = client.id
        back = redirect(f"{self.route_base}/{client_id}#signatories")
        try:
            once.claim(request.form.get("one_time"), signed_in().id)
            signatory = Signatory(client_id=client_id, **{name: form[name].data for name in FIELDS if form[name].data is not None})
            with db.session.no_autoflush:
                clients.saving_signatory(signatory, True)
            db.session.add(signatory)
            db.session.commit()
            flash(gettext("“%(name)s” signs for this client from now on.", name=str(signatory)), "good")
            drafts.all_done()
            return back
        except once.AlreadyDone:
            return back
        except IntegrityError:
            db.session.rollback()
            form.refuse(RuleBroken(_("Somebody else has just named another principal. Please check, and try again."), "is_principal"))
        except RuleBroken as refusal:
            db.session.rollback()
            form.refuse(refusal)
        return None


class SignatoryStepsView(SignatorySteps):
    access, route_base = CLIENT_FILE, "/clients"


class PortalSignatoryStepsView(SignatorySteps):
    access, frame, route_base = MY_CLIENTS, "portal", "/portal/clients"

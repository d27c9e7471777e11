"""Reading and signing: the distribution agreement before the portal opens, amendments in it. Both doors share one panel."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask_babel import gettext, lazy_gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.extensions import db
from app.models import Agreement, Partner, PartnerStatus
from app.permissions import MY_COMPANY, WRITE
from app.services import agreements, partners, signing
from app.services.refusals import RuleBroken
from app.services.signing import NOTHING_TO_SIGN
from app.views.base import APPLICANTS, HouseView, page, signed_in
from app.views.files import send
from app.views.languages import choose_language
from app.views.registration import wizard


def code_typed() -> str:
    return request.form.get("code", "").replace("\x00", "")[:20]


def checked_form() -> None:
    if not request.form.get("consent"):
        raise RuleBroken(_("Please tick the box that says you have read it."), "consent")
    if not code_typed().strip():
        raise RuleBroken(_("Please enter the code that was sent to you."), "code")


def sign(agreement_id: int, done: Any = lambda agreement: None) -> None:
    """The code is burnt and the file sealed before the request's transaction begins: a wrong try counts, and nobody's writing
    waits for a seal. `done` goes on in the same transaction. Raises RuleBroken."""
    who = signed_in()
    checked_form()
    code_id = signing.use_code(agreement_id, who.scope, who.email, code_typed())
    signed = signing.seal(agreement_id, who.scope, who.name, request.remote_addr or "", code_id)
    try:
        done(signing.sign(agreement_id, signed))
        db.session.commit()
    finally:
        db.session.rollback()
        signing.tidy(agreement_id, signed)


def send_code(agreement_id: int) -> None:
    try:
        signing.send_code(agreement_id, signed_in().scope, signed_in().email, choose_language())
        flash(gettext("A code has been sent to %(email)s.", email=signed_in().email), "good")
    except RuleBroken as refusal:
        flash(str(refusal.sentence), "bad")


def panel(agreement: Agreement, refusal: RuleBroken | None) -> dict[str, Any]:
    """What the panel shows: the text, and how to sign it."""
    return {
        "agreement": agreement,
        "refusal": refusal,
        "sent": request.form,
        "consent": signing.consent(agreement),
        "code_sent": bool(request.args.get("sent")) or bool(refusal),
        "email": signed_in().email,
        "is_owner": "owner" in signed_in().role_names,
    }


def only_owners() -> None:
    """An agreement binds the company: its owners sign it, whoever else may see the file."""
    if "owner" not in signed_in().role_names:
        abort(403)


class ApplicantSigningView(HouseView):
    """The last step of the registration file."""

    access, frame, route_base = APPLICANTS, "portal", "/partner/file"

    def partner(self) -> Partner:
        return db.first_or_404(select(Partner).where(Partner.id == signed_in().partner_id))

    def offered(self) -> int:
        """The number of the agreement that the page showed."""
        sent = request.form.get("agreement", "")
        return int(sent) if sent.isdecimal() and len(sent) < 10 else 0

    @page("/sign", methods=("GET", "POST"))
    def sign(self) -> Any:
        refusal = None
        if request.method == "POST":
            only_owners()
            try:
                sign(self.offered(), lambda agreement: partners.signed(self.partner(), signed_in().name))
                return redirect("/partner/file/waiting")
            except RuleBroken as broken:
                refusal = broken
        return self.screen(refusal)

    def screen(self, refusal: RuleBroken | None = None) -> Any:
        partner = self.partner()
        agreement = agreements.newest(partner.id)
        if partner.status is not PartnerStatus.TO_SIGN:
            return redirect("/partner/file/")
        if agreement is None:
            abort(404)
        return wizard("sign", partner, None, 422 if refusal else 200, base="/partner/file/sign", sign_at="/partner/file/sign", **panel(agreement, refusal))

    @page("/sign/code", methods=("POST",))
    def send_code(self) -> Response:
        only_owners()
        send_code(self.offered())
        return redirect("/partner/file/sign?sent=1")

    @page("/sign/decline", methods=("POST",))
    def decline(self) -> Any:
        only_owners()
        agreement = db.session.scalar(select(Agreement).where(Agreement.id == self.offered()))
        try:
            if agreement is None:
                raise RuleBroken(NOTHING_TO_SIGN)
            agreements.decline(agreement, request.form.get("reason", "").replace("\x00", ""))
            db.session.commit()
        except RuleBroken as broken:
            db.session.rollback()
            return self.screen(broken)
        return redirect("/partner/file/sign")

    @page("/sign/renew", methods=("POST",))
    def renew(self) -> Response:
        """Offers the agreement again, once the first offer has expired or been declined."""
        only_owners()
        try:
            with agreements.prepared(self.partner(), choose_language()) as ready:
                agreements.renew(self.partner(), choose_language(), ready)
                db.session.commit()
        except RuleBroken as refusal:
            db.session.rollback()
            flash(str(refusal.sentence), "bad")
        return redirect("/partner/file/sign")

    @page("/agreement.pdf")
    def agreement(self) -> Response:
        found = next(iter(agreements.of_partner(signed_in().partner_id or 0)), None)
        if found is None:
            abort(404)
        return send(found.newest_key, f"{found.name}.pdf", "application/pdf")


class PortalAgreementView(HouseView):
    """An agreement or an amendment of one's own company: to read for all its people, to sign for its owners."""

    access, frame, route_base = MY_COMPANY, "portal", "/portal/agreements"

    def find(self, record_id: int) -> Agreement:
        return db.first_or_404(select(Agreement).where(Agreement.id == record_id, Agreement.partner_id == signed_in().partner_id))

    def screen(self, record_id: int, refusal: RuleBroken | None = None) -> Any:
        agreement = self.find(record_id)
        may_sign = signed_in().may(MY_COMPANY, WRITE) and agreement.can_be_signed
        base = f"/portal/agreements/{record_id}"
        shown = render_template("portal/agreement.html", may_sign=may_sign, base=base, sign_at=f"{base}/sign", **panel(agreement, refusal))
        return shown, 422 if refusal else 200

    @page("/<id:record_id>")
    def show(self, record_id: int) -> Any:
        return self.screen(record_id)

    @page("/<id:record_id>/sign", needs=WRITE, methods=("POST",))
    def sign(self, record_id: int) -> Any:
        self.find(record_id)
        db.session.rollback()  # the code is burnt on a session of its own
        try:
            sign(record_id)
        except RuleBroken as broken:
            return self.screen(record_id, broken)
        flash(gettext("Signed. You will find the file on this page; the house will counter-sign it."), "good")
        return redirect(f"/portal/agreements/{record_id}")

    @page("/<id:record_id>/code", needs=WRITE, methods=("POST",))
    def send_code(self, record_id: int) -> Response:
        self.find(record_id)
        db.session.rollback()
        send_code(record_id)
        return redirect(f"/portal/agreements/{record_id}?sent=1")

    @page("/<id:record_id>/decline", needs=WRITE, methods=("POST",))
    def decline(self, record_id: int) -> Any:
        try:
            agreements.decline(self.find(record_id), request.form.get("reason", "").replace("\x00", ""))
            db.session.commit()
        except RuleBroken as broken:
            db.session.rollback()
            return self.screen(record_id, broken)
        flash(gettext("You have declined. The house has been told."), "good")
        return redirect(f"/portal/agreements/{record_id}")

"""A partner's brand: what its clients see and receive, with a preview of both."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request
from flask_babel import gettext, lazy_gettext as _
from wtforms import StringField

from app.extensions import db
from app.permissions import MY_COMPANY, WRITE
from app.services import brand, notices
from app.services.refusals import STALE, RuleBroken
from app.views.base import GUESTS, HouseForm, HouseView, guest, page
from app.views.base.forms import Checked, LengthSaid, Optional, cleaned
from app.views.languages import choose_language
from app.views.mails import as_sent
from app.views.portal import own_partner


class BrandForm(HouseForm):
    brand_colour = StringField(
        _("Colour"), [Optional(), LengthSaid(max=20)], filters=[cleaned], description=_("Like #14569b; of buttons and links. Dark enough for white letters.")
    )
    sender_name = StringField(
        _("Name of the sender"), [Optional(), LengthSaid(max=brand.LONGEST_NAME)], filters=[cleaned], description=_("Your company’s name, if left empty.")
    )
    reply_to = StringField(
        _("Address for answers"), [Optional(), LengthSaid(max=320), Checked("email")], filters=[cleaned], description=_("Where answers of clients go.")
    )


def stylesheet(found: brand.Brand, within: str = "") -> Response:
    """A brand's colours over the house's, as a stylesheet of its own: no page carries a style. `within` keeps them to a part of it."""
    light = f"--glacier:{found.colour};--bs-link-color:{found.colour}"
    dark = f"--glacier:{found.light};--bs-link-color:{found.light};--on-glacier:{brand.NIGHT}"
    rules = [
        f":root{within}{{{light}}}",
        f"[data-bs-theme=dark]{within}{{{dark}}}",
        f"@media (prefers-color-scheme:dark){{[data-bs-theme=auto]{within}{{{dark}}}}}",
    ]
    response = Response("\n".join(rules), mimetype="text/css")
    response.headers["Cache-Control"] = "private, max-age=300"
    return response


class BrandView(HouseView):
    access, frame, route_base = MY_COMPANY, "portal", "/portal/brand"

    @page("/", methods=("GET", "POST"), needs=WRITE)
    def edit(self) -> Any:
        partner = own_partner()
        form = BrandForm(obj=partner)
        stale = request.method == "POST" and request.form.get("version") != str(partner.version)
        if stale:
            form.form_errors.append(STALE)
        elif form.validate_on_submit():
            try:
                colour = brand.clean_colour(form.brand_colour.data or "")
                partner.brand_colour, partner.sender_name, partner.reply_to = colour, form.sender_name.data, form.reply_to.data
                db.session.commit()
                flash(gettext("Your brand has been saved."), "good")
                return redirect("/portal/brand/")
            except RuleBroken as refusal:
                db.session.rollback()
                form.refuse(refusal)
        shown = render_template("portal/brand.html", form=form, partner=own_partner(), brand=brand.brand_of(own_partner()), glacier=brand.GLACIER)
        return shown, 409 if stale else 422 if form.is_submitted() else 200

    @page("/mail", needs=WRITE)
    def mail(self) -> Response:
        """A mail to a client as it would leave now, in the page's language."""
        return as_sent(notices.client_preview(own_partner(), choose_language()))

    @page("/colours.css")
    def colours(self) -> Response:
        return stylesheet(brand.brand_of(own_partner()), " .space-sample")


class SpaceBrandView(HouseView):
    access, frame, route_base = GUESTS, "space", "/space/brand"

    @page("/colours.css")
    def colours(self) -> Response:
        """The colours of whoever looks after this client."""
        found = guest()
        return stylesheet(brand.Brand(found.partner_name, found.colour, brand.lightened(found.colour), "", ""))

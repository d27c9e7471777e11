"""The first page of staff: what waits for them. And the alerts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from flask import g, redirect, render_template
from flask_babel import LazyString, lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from app.extensions import db
from app.models import Alert, now
from app.permissions import FULL, PARTNER_VALIDATION, READ
from app.services import desk
from app.services.people import Waiting
from app.views.base import SIGNED_IN, HouseView, page, person, signed_in
from app.views.base.listing import Total, total_words
from app.views.base.statements import COUNTED
from app.views.charts import figures_of


def waiting() -> Waiting:
    """What calls for this person's work, as counted when the request began."""
    who = person()
    if who is None or not who.is_staff:
        return Waiting()
    found: Waiting = g.waiting
    return Waiting(found.alerts, found.files, found.tasks) if who.may(PARTNER_VALIDATION, READ) else Waiting(tasks=found.tasks)


class HomeView(HouseView):
    access, route_base = SIGNED_IN, ""

    @page("/")
    def home(self) -> Any:
        who = signed_in()
        if not who.is_staff:
            return redirect("/portal/")
        found, counts = desk.of_staff(db.session(), who), desk.counts_of_staff(db.session(), who)
        orphans = counts.get("orphans")
        words = total_words(Total(min(orphans, COUNTED), exact=orphans <= COUNTED)) if orphans is not None else ""
        return render_template("home/staff.html", desk=found, counts=counts, waits=waiting(), orphans_words=words, charts=figures_of(who))


class Alarm(NamedTuple):
    """What an alert of one kind says, where it leads, and whether somebody marks it as handled by hand."""

    sentence: LazyString
    place: Callable[[Alert], str]
    is_urgent: bool = False
    by_hand: bool = False


ALARMS = {
    "file_waits": Alarm(_("is awaiting validation."), lambda alert: f"/partners/{alert.partner_id}/validation"),
    "contested": Alarm(_("has signed with a SIREN that another partner holds."), lambda alert: f"/partners/{alert.partner_id}/validation", is_urgent=True),
    "claimed_reference": Alarm(_("declares a supplier reference that another client holds."), lambda alert: "/claims/", by_hand=True),
    "agreement_declined": Alarm(_("does not want to sign."), lambda alert: f"/partners/{alert.partner_id}?tab=agreements", is_urgent=True, by_hand=True),
    "amendment_signed": Alarm(
        _("has signed an amendment: it waits for the counter-signature."), lambda alert: f"/partners/{alert.partner_id}?tab=agreements", by_hand=True
    ),
    "document_received": Alarm(_("has handed in a document."), lambda alert: f"/partners/{alert.partner_id}?tab=documents", by_hand=True),
    "document_expired": Alarm(_("has a document that has expired."), lambda alert: f"/partners/{alert.partner_id}?tab=documents", is_urgent=True, by_hand=True),
    "category_lapsed": Alarm(_("has lost a category at ORIAS."), lambda alert: f"/partners/{alert.partner_id}/validation", is_urgent=True, by_hand=True),
}


class AlertsView(HouseView):
    """The administrators' own space: files that wait, SIRENs that are claimed twice."""

    access, route_base = PARTNER_VALIDATION, "/alerts"

    @page("/")
    def list(self) -> str:
        alerts = db.session.scalars(select(Alert).options(joinedload(Alert.partner)).order_by(Alert.handled_at.is_not(None), Alert.id.desc()).limit(100)).all()
        return render_template("home/alerts.html", alerts=alerts, words=ALARMS, may_handle=signed_in().may(PARTNER_VALIDATION, FULL))

    @page("/<id:alert_id>/handled", needs=FULL, methods=("POST",))
    def handled(self, alert_id: int) -> Response:
        alert = db.first_or_404(select(Alert).where(Alert.id == alert_id))
        alert.handled_at = alert.handled_at or now()
        db.session.commit()
        return redirect("/alerts/")

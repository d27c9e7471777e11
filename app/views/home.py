"""The first page of staff: what waits for them. And the alerts."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.extensions import db
from app.models import Alert, now
from app.permissions import FULL, PARTNER_VALIDATION
from app.services import alerts, desk
from app.views.base import SIGNED_IN, HouseView, page, signed_in
from app.views.base.guards import waiting
from app.views.base.listing import Total, total_words
from app.views.base.statements import COUNTED
from app.views.charts import figures_of


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


class AlertsView(HouseView):
    """The administrators' own space: files that wait, SIRENs that are claimed twice."""

    access, route_base = PARTNER_VALIDATION, "/alerts"

    @page("/")
    def list(self) -> str:
        kind = request.args.get("kind") if request.args.get("kind") in alerts.KINDS else None
        handled = request.args.get("handled") == "1"
        found = alerts.shown(db.session(), kind, handled)
        return render_template(
            "home/alerts.html",
            alerts=found,
            kinds=alerts.KINDS,
            place_of=alerts.place_of,
            counts=alerts.counts(db.session()),
            kind=kind,
            handled=handled,
            newest=max((alert.id for alert in found), default=0) if not handled and kind is None else 0,
            unread=waiting().unread,
            may_handle=signed_in().may(PARTNER_VALIDATION, FULL),
        )

    @page("/read", methods=("POST",))
    def read(self) -> Response:
        """Everything up to the newest alert that the page showed has been read."""
        sent = request.form.get("up_to", "")
        alerts.mark_read(signed_in().id, int(sent) if sent.isdecimal() and len(sent) < 10 else 0)
        return redirect("/alerts/")

    @page("/<id:alert_id>/handled", needs=FULL, methods=("POST",))
    def handled(self, alert_id: int) -> Response:
        alert = db.first_or_404(select(Alert).where(Alert.id == alert_id))
        alert.handled_at = alert.handled_at or now()
        db.session.commit()
        return redirect("/alerts/")

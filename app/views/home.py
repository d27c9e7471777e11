"""The first page of staff: what waits for them. And the alerts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import g, redirect, render_template
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from app.extensions import db
from app.models import Alert, Contract, Document, Partner, PartnerMove, PartnerStatus, Task, now, today
from app.permissions import CONTRACTS, FOLLOW_UP, FULL, PARTNER_FILE, PARTNER_VALIDATION, READ
from app.services.people import Waiting
from app.views.base import SIGNED_IN, HouseView, page, person, signed_in
from app.views.base.listing import Total, total_words
from app.views.base.statements import COUNTED


def waiting() -> Waiting:
    """What calls for this person's work, as counted when the request began."""
    who = person()
    if who is None or not who.is_staff:
        return Waiting()
    found: Waiting = g.waiting
    return found if who.may(PARTNER_VALIDATION, READ) else Waiting(tasks=found.tasks)


class HomeView(HouseView):
    access, route_base = SIGNED_IN, ""

    @page("/")
    def home(self) -> Any:
        who = signed_in()
        if not who.is_staff:
            return redirect("/portal/")
        facts: dict[str, Any] = {}
        if who.may(PARTNER_FILE, READ):
            facts["waiting"] = db.session.scalars(
                select(Partner).where(Partner.status == PartnerStatus.PENDING_VALIDATION).order_by(Partner.submitted_at).limit(10)
            ).all()
            facts["expiring"] = db.session.scalars(
                select(Document).options(joinedload(Document.partner)).where(Document.expires_on < today() + timedelta(days=60)).order_by(Document.expires_on).limit(8)
            ).all()
            facts["moves"] = db.session.execute(
                select(PartnerMove, Partner).join(Partner, Partner.id == PartnerMove.partner_id).order_by(PartnerMove.id.desc()).limit(8)
            ).all()
            facts["waiting_count"] = db.session.scalar(select(func.count()).select_from(Partner).where(Partner.status == PartnerStatus.PENDING_VALIDATION))
            facts["active"] = db.session.scalar(select(func.count()).select_from(Partner).where(Partner.status == PartnerStatus.ACTIVE))
        if who.may(FOLLOW_UP, READ):
            facts["tasks"] = db.session.scalars(
                select(Task).options(joinedload(Task.partner)).where(Task.done_on.is_(None), Task.assignee_id == who.id).order_by(Task.due_on, Task.id).limit(8)
            ).all()
        if who.may(CONTRACTS, READ):
            facts["orphans"] = db.session.scalar(select(func.count()).select_from(select(Contract.id).where(Contract.client_id.is_(None)).limit(COUNTED + 1).subquery()))
            facts["orphans_words"] = total_words(Total(min(facts["orphans"], COUNTED), exact=facts["orphans"] <= COUNTED))
        return render_template("home/staff.html", **facts)


class AlertsView(HouseView):
    """The administrators' own space: files that wait, SIRENs that are claimed twice."""

    access, route_base = PARTNER_VALIDATION, "/alerts"

    @page("/")
    def list(self) -> str:
        alerts = db.session.scalars(select(Alert).options(joinedload(Alert.partner)).order_by(Alert.handled_at.is_not(None), Alert.id.desc()).limit(100)).all()
        return render_template("home/alerts.html", alerts=alerts, may_handle=signed_in().may(PARTNER_VALIDATION, FULL))

    @page("/<id:alert_id>/handled", needs=FULL, methods=("POST",))
    def handled(self, alert_id: int) -> Response:
        alert = db.first_or_404(select(Alert).where(Alert.id == alert_id))
        alert.handled_at = alert.handled_at or now()
        db.session.commit()
        return redirect("/alerts/")

"""Moves of clients between partners and advisers, planned by staff."""

from __future__ import annotations

from typing import Any

from flask import flash
from flask_babel import gettext, lazy_gettext as _, ngettext

from app.extensions import db
from app.models import MoveState, Partner, PartnerStatus, PortfolioMove, Side, User
from app.models.base import today
from app.permissions import PORTFOLIO
from app.services import portfolio
from app.views.base import EntityView, Rules, act, signed_in

WHAT = ["from_partner", "from_adviser", "to_partner", "to_adviser", "moves_on", "letter"]


class PortfolioMoveView(EntityView):
    model, access, slug, icon = PortfolioMove, PORTFOLIO, "portfolio-moves", "arrow-left-right"
    rules = Rules(saving=portfolio.saving, saved=portfolio.saved)
    list_columns = ["from_partner", "to_partner", "moves_on", "state", "moved"]
    under = {"from_partner": "from_adviser", "to_partner": "to_adviser"}
    filters = ["from_partner_id", "to_partner_id", "state", "moves_on"]
    sort = ["moves_on", "state"]
    search = False
    form = {_("Move of clients"): WHAT}
    show = {_("Move of clients"): WHAT, _("What became of it"): ["state", "moved", "done_at", "by"]}
    narrow = {
        "to_partner_id": lambda: Partner.status == PartnerStatus.ACTIVE,
        "from_adviser_id": lambda: User.side == Side.PARTNER,
        "to_adviser_id": lambda: User.side == Side.PARTNER,
    }
    edits = deletes = False

    def after_save(self, record: Any) -> str:
        number = portfolio.concerned(db.session(), record)
        flash(ngettext("%(num)s client is concerned as of today.", "%(num)s clients are concerned as of today.", number), "good")
        if record.moves_on <= today():
            flash(gettext("The move is being carried out: this page shows its result in a moment, when you load it again."), "good")
        return super().after_save(record)

    def complete(self, record: Any) -> None:
        record.by = signed_in().name

    @act(_("Cancel the move"), confirm=_("Cancel these moves? Clients stay where they are."), fits=lambda move: move.state is MoveState.PLANNED)
    def cancel(self, move: PortfolioMove) -> None:
        portfolio.cancel(move)

"""Moves of clients between partners and advisers, planned by staff."""

from __future__ import annotations

from typing import Any

from flask import flash, request
from flask_babel import gettext, lazy_gettext as _

from app.extensions import db
from app.models import MoveState, Partner, PartnerStatus, PortfolioMove
from app.models.base import today
from app.permissions import PORTFOLIO
from app.services import portfolio
from app.services.refusals import RuleBroken
from app.views.base import EntityView, HouseForm, Rules, act, signed_in
from app.views.clients import advisers

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
    show = {_("Move of clients"): WHAT, _("Progress of the move"): ["state", "moved", "done_at", "by"]}
    narrow = {
        "to_partner_id": lambda: Partner.status == PartnerStatus.ACTIVE,
        "from_adviser_id": advisers,
        "to_adviser_id": advisers,
    }
    edits = deletes = False
    form_template = "clients/move_form.html"

    def assist(self, form: HouseForm) -> dict[str, Any] | None:
        """How many clients go is said before anything is saved; a form that has been changed since is asked about again."""
        if not self.is_complete(form):
            return None
        move = PortfolioMove(**{name: form[name].data for name in self.fields})
        try:
            portfolio.saving(move, True)
        except RuleBroken:
            return None  # said beside its field, as the form is saved
        number = portfolio.concerned(db.session(), move)
        asked = f"{number}:{move.from_partner_id}:{move.from_adviser_id}:{move.to_partner_id}:{move.to_adviser_id}:{move.moves_on}:{move.letter}"
        return None if request.form.get("confirmed") == asked else {"number": number, "asked": asked, "at_once": move.moves_on <= today(), "letter": move.letter}

    def after_save(self, record: Any) -> str:
        if record.moves_on <= today():
            flash(gettext("The move has been handed over: this page shows its result in a moment, when you load it again."), "good")
        return super().after_save(record)

    def complete(self, record: Any) -> None:
        record.by = signed_in().name

    @act(_("Cancel the move"), confirm=_("Cancel these moves? Clients stay where they are."), fits=lambda move: move.state is MoveState.PLANNED)
    def cancel(self, move: PortfolioMove) -> None:
        portfolio.cancel(move)

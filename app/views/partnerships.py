"""Programs, tiers and partnerships."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.models import Partnership, Program, Tier, today
from app.permissions import PARTNERSHIPS, PROGRAMS
from app.services import offers
from app.views.base import EntityView, Rules
from app.views.partners import STAFF_ONLY


class ProgramView(EntityView):
    model, access, slug, icon = Program, PROGRAMS, "programs", "trophy"
    list_columns = ["name", "active", "created_at"]
    form = {_("Program"): ["name", "description", "active"]}
    tabs = ["TierView", "PartnershipView"]


class TierView(EntityView):
    model, access, slug, icon = Tier, PROGRAMS, "tiers", "bar-chart-steps"
    rules = Rules(saving=offers.saving_tier)
    list_columns = ["name", "program", "points_from", "reward_rate", "support"]
    form = {_("Tier"): ["program", "name", "points_from", "reward_rate", "support", "features"]}


class PartnershipView(EntityView):
    model, access, slug, icon = Partnership, PARTNERSHIPS, "partnerships", "link-45deg"
    rules = Rules(saving=offers.saving_partnership)
    list_columns = ["partner", "program", "status", "starts_on", "account_manager"]
    under = {"program": "tier"}
    form = {
        _("Partnership"): ["partner", "program", "tier", "status", "starts_on", "ends_on"],
        _("Follow-up"): ["account_manager", "conditions"],
    }
    narrow = STAFF_ONLY
    defaults = {"starts_on": lambda: today()}

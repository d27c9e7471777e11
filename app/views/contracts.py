"""Contracts: every client's holdings for staff, one's own in the portal."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.models import Contract
from app.permissions import CONTRACTS, MY_CONTRACTS
from app.services import contracts
from app.views.base import EntityView, Portal, Rules


class ContractView(EntityView):
    model, access, slug, icon = Contract, CONTRACTS, "contracts", "file-earmark-ruled"
    rules = Rules(saving=contracts.saving)
    list_columns = ["number", "client", "partner", "product", "status", "effective_on", "amount"]
    under = {"product": "supplier"}
    filters = ["status", "partner_id", "client_id", "supplier_id", "product_id", "amount", "effective_on"]
    sort = ["number", "status", "effective_on", "amount"]
    form = {
        _("Contract"): ["supplier", "number", "product", "client", "partner", "status"],
        _("Value and dates"): ["amount", "currency", "valued_on", "effective_on", "renews_on", "last_movement_on"],
        _("From the supplier"): ["holder", "reference"],
    }
    deletes = False
    recognised_by = (("supplier_id", "number"),)
    portal = Portal(
        access=MY_CONTRACTS,
        list_columns=["number", "client", "product", "status", "effective_on", "amount"],
        show={
            _("Contract"): ["number", "supplier", "product", "client", "status"],
            _("Value and dates"): ["amount", "valued_on", "effective_on", "renews_on", "last_movement_on"],
            _("From the supplier"): ["reference"],
        },
        search=True,
        icon="file-earmark-ruled",
        title=_("My contracts"),
    )

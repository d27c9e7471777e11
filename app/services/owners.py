"""Beneficial owners: who in the end owns or controls a partner (CMF L561-2-2, R561-1)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import func, inspect, select

from app.extensions import db
from app.models import BeneficialOwner, Control
from app.services import screening
from app.services.refusals import refuse_all

QUARTER = Decimal(25)


def of_partner(partner_id: int) -> list[BeneficialOwner]:
    wanted = select(BeneficialOwner).where(BeneficialOwner.partner_id == partner_id)
    return list(db.session.scalars(wanted.order_by(BeneficialOwner.share.desc().nulls_last(), BeneficialOwner.id)))


def saving(owner: BeneficialOwner, new: bool) -> None:
    """Whoever owns does so by more than a quarter; all shares together are at most the whole; an office is named. Raises RuleBroken
    with everything that is wrong."""
    wrong = {}
    left: Any = inspect(owner).attrs["partner_id"].history.deleted
    for before in left or ():
        screening.ask(before)  # the partner whose owner it was
    if owner.control in (Control.CAPITAL, Control.VOTES) and (owner.share is None or owner.share <= QUARTER):
        wrong["share"] = _("More than 25: whoever holds less controls the company by other means, or not at all.")
    elif owner.share is not None and not 0 <= owner.share <= 100:
        wrong["share"] = _("Between 0 and 100.")
    elif owner.control is Control.CAPITAL and owner.share is not None:
        others = select(func.sum(BeneficialOwner.share)).where(
            BeneficialOwner.partner_id == owner.partner_id, BeneficialOwner.control == Control.CAPITAL, BeneficialOwner.id != (owner.id or 0)
        )
        held = Decimal(db.session.scalar(others) or 0)
        if held + owner.share > 100:
            wrong["share"] = _("The others hold %(held)s %% already: together that is more than the whole.", held=f"{held.normalize():f}")
    if owner.exposed and not (owner.office or "").strip():
        wrong["office"] = _("Please name the office.")
    refuse_all(wrong)


def saved(owner: BeneficialOwner, new: bool) -> None:
    """Whoever is new or has changed is compared with the lists."""
    screening.ask(owner.partner_id, str(owner))


def removing(owner: BeneficialOwner) -> None:
    """What was found about this person alone is found no longer."""
    screening.ask(owner.partner_id, str(owner))


def remove(owner: BeneficialOwner) -> None:
    removing(owner)
    db.session.delete(owner)
    db.session.flush()


def are_exposed(partner_id: int) -> bool:
    """Whether one of them holds a prominent public office: then vigilance is enhanced whatever a score says (CMF L561-10)."""
    return any(owner.exposed for owner in of_partner(partner_id))

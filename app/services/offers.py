"""Offerings, products and who may market them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import ORIAS_CATEGORIES, Assignment, Offering, Partner, Partnership, Product, Tier
from app.services import partners
from app.services.refusals import RuleBroken


def saving(offering: Offering, new: bool) -> None:
    unknown = set(offering.required_categories or []) - set(ORIAS_CATEGORIES)
    if unknown:
        raise RuleBroken(_("ORIAS knows no category “%(category)s”.", category=sorted(unknown)[0]), "required_categories")
    if offering.closes_on and offering.closes_on < offering.opens_on:
        raise RuleBroken(_("The end date lies before the start date."), "closes_on")


def saving_assignment(assignment: Assignment, new: bool) -> None:
    """An offering that asks for an ORIAS category cannot be assigned to a partner without it."""
    with db.session.no_autoflush:
        offering, partner = db.session.get_one(Offering, assignment.offering_id), db.session.get_one(Partner, assignment.partner_id)
        if not partner.is_open:
            raise RuleBroken(_("Only an active partner can be assigned an offering."), "partner_id")
        same = select(Assignment.id).where(Assignment.offering_id == offering.id, Assignment.partner_id == partner.id, Assignment.id != (assignment.id or 0))
        if db.session.scalar(same) is not None:
            raise RuleBroken(_("This offering is assigned to this partner already."), "offering_id")
        try:
            if new:
                partners.refuse_shut(offering)
            partners.refuse_without_category(offering, partners.standing_categories(partner))
        except RuleBroken as refusal:
            raise RuleBroken(refusal.sentence, "offering_id") from refusal


def saving_product(product: Product, new: bool) -> None:
    if product.risk_class is not None and not 1 <= product.risk_class <= 7:
        raise RuleBroken(_("A risk class goes from 1 to 7."), "risk_class")


def saving_tier(tier: Tier, new: bool) -> None:
    if tier.points_from < 0:
        raise RuleBroken(_("Points cannot be negative."), "points_from")
    if not 0 <= tier.reward_rate <= 100:
        raise RuleBroken(_("A reward lies between 0 and 100 %."), "reward_rate")


def saving_partnership(partnership: Partnership, new: bool) -> None:
    """At most one partnership per partner; the tier is one of its program's."""
    with db.session.no_autoflush:
        same = select(Partnership.id).where(Partnership.partner_id == partnership.partner_id, Partnership.id != (partnership.id or 0))
        if db.session.scalar(same) is not None:
            raise RuleBroken(_("This partner has a partnership already."), "partner_id")
        tier = db.session.get(Tier, partnership.tier_id) if partnership.tier_id else None
    if tier is not None and tier.program_id != partnership.program_id:
        raise RuleBroken(_("This tier belongs to another program."), "tier_id")
    if partnership.ends_on and partnership.ends_on < partnership.starts_on:
        raise RuleBroken(_("The end date lies before the start date."), "ends_on")

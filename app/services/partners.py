"""A partner's life: draft → submitted → to sign → waiting for validation → active; refused, suspended, closed (DOMAIN 2)."""

from __future__ import annotations

from flask_babel import lazy_gettext as _, ngettext
from sqlalchemy import inspect, or_, select
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.models import (
    Alert,
    Assignment,
    BankAccount,
    Document,
    DocumentKind,
    Offering,
    OfferingStatus,
    Partner,
    PartnerMove,
    PartnerStatus,
    QuestionnaireKind,
    Side,
    User,
    now,
    today,
)
from app.models.scope import verb
from app.services import agreements, alerts, checks, crossings, history, notices, owners, portfolio, screening, settings, signing
from app.services.agreements import Prepared
from app.services.questionnaires import answers
from app.services.refusals import RuleBroken, refuse_all
from app.services.signing import Sealed

DRAFT, SUBMITTED, TO_SIGN = PartnerStatus.DRAFT, PartnerStatus.SUBMITTED, PartnerStatus.TO_SIGN
WAITING, ACTIVE, REFUSED = PartnerStatus.PENDING_VALIDATION, PartnerStatus.ACTIVE, PartnerStatus.REFUSED
SUSPENDED, CLOSED = PartnerStatus.SUSPENDED, PartnerStatus.CLOSED

MOVES: dict[PartnerStatus, frozenset[PartnerStatus]] = {
    DRAFT: frozenset({SUBMITTED, CLOSED}),
    SUBMITTED: frozenset({TO_SIGN, REFUSED, CLOSED}),
    TO_SIGN: frozenset({WAITING, REFUSED, CLOSED}),
    WAITING: frozenset({ACTIVE, REFUSED, CLOSED}),
    REFUSED: frozenset({SUBMITTED, CLOSED}),
    ACTIVE: frozenset({SUSPENDED, CLOSED}),
    SUSPENDED: frozenset({ACTIVE, CLOSED}),
    CLOSED: frozenset(),
}
REQUIRED_DOCUMENTS = (DocumentKind.IDENTITY,)
PERSON_COLUMNS = frozenset({"status", "submitted_at", "contested"})


CHECKED = ("name", "siren", "kind", "exercise", "rcs_town", "orias_number")  # what registers were asked and an agreement says


def saving(partner: Partner, new: bool) -> None:
    """Rules that hold whoever saves a partner."""
    if partner.status in (SUBMITTED, TO_SIGN, WAITING) and (changed := next((name for name in CHECKED if inspect(partner).attrs[name].history.has_changes()), None)):
        raise RuleBroken(_("This file has been checked and offered for signature with this value. Refuse the file first: it is then checked and signed anew."), changed)
    if not new and any(inspect(partner).attrs[name].history.has_changes() for name in ("name", "trade_name")):
        screening.ask(partner.id, str(partner))
    if not (partner.name or partner.email):
        raise RuleBroken(_("Please give the legal name, or at least an e-mail address to invite somebody."), "name")
    if partner.parent_id is not None and partner.parent_id in descendants(partner):
        raise RuleBroken(_("This partner already works under the one you are changing."), "parent_id")
    if partner.account_manager_id is not None and db.session.get_one(User, partner.account_manager_id).side is not Side.STAFF:
        raise RuleBroken(_("An account manager is one of the staff."), "account_manager_id")


def descendants(partner: Partner) -> set[int]:
    """The partner itself and every partner below it."""
    if partner.id is None:
        return set()
    tree = select(Partner.id).where(Partner.id == partner.id).cte("below", recursive=True)
    tree = tree.union(select(Partner.id).join(tree, Partner.parent_id == tree.c.id))
    return set(db.session.scalars(select(tree.c.id)))


def move(partner: Partner, after: PartnerStatus, by: str, reason: str = "") -> None:
    """The only way a status changes; an impossible move is refused in words."""
    if after not in MOVES[partner.status]:
        raise RuleBroken(_("A partner that is “%(before)s” cannot become “%(after)s”.", before=partner.status.label, after=after.label))
    before = partner.status
    with verb(db.session(), {Partner: set(PERSON_COLUMNS), PartnerMove: None}), history.because(reason):
        partner.status = after
        db.session.add(PartnerMove(partner_id=partner.id, before=before, after=after, by=by, reason=reason))


def moves_of(partner_id: int) -> list[PartnerMove]:
    return list(db.session.scalars(select(PartnerMove).where(PartnerMove.partner_id == partner_id).order_by(PartnerMove.id.desc())))


# --- the applicant's verbs ----------------------------------------------------------------------


def missing(partner: Partner) -> dict[str, str]:
    """What a file still lacks before it can be submitted: {field: sentence}."""
    sentences: dict[str, str] = {}
    for name, sentence in (("name", _("Please enter the legal name.")), ("siren", _("Please enter the SIREN of your company.")), ("city", _("Please enter the town."))):
        if not getattr(partner, name):
            sentences[name] = str(sentence)
    if partner.needs_rcs and not partner.rcs_town:
        sentences["rcs_town"] = str(_("Please enter the town of your RCS registry."))
    if partner.categories_asked and not partner.orias_number:
        sentences["orias_number"] = str(_("An ORIAS number is required for this kind of partner."))
    for kind in REQUIRED_DOCUMENTS:
        if checks.newest_document(partner.id, kind) is None:
            sentences[f"document_{kind.value}"] = str(_("Please add this document: %(document)s.", document=kind.label))
    if db.session.scalar(select(BankAccount.id).where(BankAccount.partner_id == partner.id).limit(1)) is None:
        sentences["iban"] = str(_("Please enter the bank account for your commissions."))
    if settings.questionnaire_is_on():
        if not owners.of_partner(partner.id):
            sentences["owners"] = str(_("Please name at least one beneficial owner."))
        if answers.latest(partner.id, QuestionnaireKind.KNOW_YOUR_PARTNER) is None:
            sentences["questionnaire"] = str(_("Please answer the questions about your business."))
    return sentences


def submit(partner: Partner, by: str, language: str, ready: Prepared | None = None) -> None:
    """Runs the checks and offers the agreement for signature, which was made `ready` beforehand. Raises RuleBroken, and then
    nothing has been written."""
    if partner.status not in (DRAFT, REFUSED):
        raise RuleBroken(_("This file has already been submitted."))
    checks.refuse_impossible_siren(partner)
    refuse_all(missing(partner))
    move(partner, SUBMITTED, by)
    with verb(db.session(), {Partner: set(PERSON_COLUMNS)}):
        partner.submitted_at = now()
    checks.run_all(partner)
    screening.ask(partner.id, str(partner))
    agreements.offer(partner, language, ready=ready)
    move(partner, TO_SIGN, by)


def signed(partner: Partner, by: str) -> None:
    """After the signature the file is awaiting validation. A SIREN that somebody else holds is for staff to settle: the
    applicant is told what everybody is told."""
    contested = crossings.siren_is_held(partner.siren or "", partner.id)
    with verb(db.session(), {Partner: set(PERSON_COLUMNS)}):
        partner.contested = contested
    try:
        with db.session.begin_nested():
            move(partner, WAITING, by)
    except IntegrityError:  # another file with this SIREN was signed at the same moment
        db.session.refresh(partner)
        contested = True
        with verb(db.session(), {Partner: set(PERSON_COLUMNS)}):
            partner.contested = True
        move(partner, WAITING, by)
    alerts.call(db.session(), "contested" if contested else "file_waits", partner)


# --- the staff's verbs --------------------------------------------------------------------------


def validate(partner: Partner, by: str, offering_ids: list[int], none_yet: bool = False, counter: Sealed | None = None) -> None:
    """Opens the portal, with the offerings to be marketed (or none, said in so many words): for a signed file that waits, with
    a SIREN of its own, whose every failed or silent check has been overridden in writing. The house counter-signs with it:
    `counter` is the agreement's file with both signatures."""
    if partner.status is not WAITING:
        raise RuleBroken(_("Only a file that is awaiting validation can be validated."))
    if partner.contested and crossings.siren_is_held(partner.siren or "", partner.id):
        raise RuleBroken(_("Another partner already holds this SIREN. Settle that first, then validate."))
    agreement = agreements.standing(partner.id)
    if agreement is None:
        raise RuleBroken(_("There is no signed agreement. Refuse the file, so that it is signed."))
    in_the_way = [check for check in checks.latest(partner.id) if check.stands_in_the_way]
    if in_the_way:
        kinds = ", ".join(str(check.kind.label) for check in in_the_way)
        raise RuleBroken(_("These checks stand in the way: %(checks)s. Override each with a reason, or refuse the file.", checks=kinds))
    screening.refuse_undecided(partner)
    if not offering_ids and not none_yet:
        raise RuleBroken(_("Please tick the offerings to be marketed, or that there are none for now."), "offerings")
    if agreement.countersigned_at is None:
        if counter is None:
            raise RuleBroken(signing.NOT_SEALED)
        signing.countersign(agreement, counter)
    partner.contested = False
    move(partner, ACTIVE, by)
    offerings = assign(partner, offering_ids)
    handle_alerts(partner)
    notices.file_validated(partner, [offering.name for offering in offerings])


def refuse(partner: Partner, by: str, reason: str) -> None:
    """Sends the file back, with a reason that the applicant reads."""
    if not reason.strip():
        raise RuleBroken(_("Please give the reason: the partner will read it."), "reason")
    move(partner, REFUSED, by, reason.strip()[:1000])
    agreements.cancel_signed(partner)
    with verb(db.session(), {Partner: set(PERSON_COLUMNS)}):
        partner.contested = False
    handle_alerts(partner)
    notices.file_refused(partner, reason.strip())


def suspend(partner: Partner, by: str, reason: str) -> None:
    move(partner, SUSPENDED, by, reason_given(reason))


def reactivate(partner: Partner, by: str, reason: str) -> None:
    """Gives a suspended partner its portal back; a file that waits is validated instead."""
    if partner.status is not SUSPENDED:
        raise RuleBroken(_("“%(name)s” is not suspended.", name=str(partner)))
    screening.refuse_frozen(partner.id)
    move(partner, ACTIVE, by, reason_given(reason))


def freeze(partner: Partner, by: str, reason: str) -> None:
    """Somebody of this partner has frozen assets: its portal is shut at once, and staff are called to declare it."""
    if partner.status is ACTIVE:
        move(partner, SUSPENDED, by, reason_given(reason))
    alerts.call(db.session(), "assets_frozen", partner)


def close(partner: Partner, by: str, reason: str) -> None:
    """For good: what still waits for this partner waits no more. Its clients are not left to nobody: where they go is planned first."""
    number = portfolio.count(db.session(), partner.id)
    if number and not portfolio.is_planned(db.session(), partner.id):
        raise RuleBroken(
            ngettext(
                "This partner still has %(num)s client. Plan first where it goes, under “Moves of clients”.",
                "This partner still has %(num)s clients. Plan first where they go, under “Moves of clients”.",
                number,
            )
        )
    move(partner, CLOSED, by, reason_given(reason))
    agreements.cancel_offers(partner)
    handle_alerts(partner)


def reason_given(reason: str) -> str:
    if not reason.strip():
        raise RuleBroken(_("Please give the reason: it is kept in the history."), "reason")
    return reason.strip()[:1000]


def saving_account(account: BankAccount, new: bool) -> None:
    """One default account: naming another takes the title from the first."""
    if not account.is_default:
        return
    others = db.session.scalars(
        select(BankAccount).where(BankAccount.partner_id == account.partner_id, BankAccount.is_default, BankAccount.id != (account.id or 0))
    ).all()
    if others:
        account.is_default = False  # the title is laid down before it is taken up: the database allows one at a time
        for other in others:
            other.is_default = False
        db.session.flush()
        account.is_default = True


def saved_account(account: BankAccount, new: bool) -> None:
    """The first account is the one that commissions go to."""
    held = select(BankAccount.id).where(BankAccount.partner_id == account.partner_id, BankAccount.is_default).limit(1)
    if db.session.scalar(held) is None:
        with verb(db.session(), {BankAccount: {"is_default"}}):
            account.is_default = True


def handle_alerts(partner: Partner) -> None:
    for alert in db.session.scalars(select(Alert).where(Alert.partner_id == partner.id, Alert.handled_at.is_(None))):
        alert.handled_at = now()


def open_offerings() -> list[Offering]:
    """The offerings that can be assigned today."""
    still = or_(Offering.closes_on.is_(None), Offering.closes_on >= today())
    return list(db.session.scalars(select(Offering).where(Offering.status == OfferingStatus.OPEN, Offering.opens_on <= today(), still).order_by(Offering.name)))


def refuse_shut(offering: Offering | None) -> Offering:
    """An offering can be assigned while it is open and between its dates."""
    if offering is None or offering.status is not OfferingStatus.OPEN or offering.opens_on > today() or (offering.closes_on and offering.closes_on < today()):
        raise RuleBroken(_("This offering is not open."), "offerings")
    return offering


def standing_categories(partner: Partner) -> frozenset[str]:
    """The ORIAS categories that the register's last answer found standing."""
    return checks.standing_of(db.session(), partner.id)


def assign(partner: Partner, offering_ids: list[int]) -> list[Offering]:
    """Assigns offerings; one that asks for an ORIAS category the partner does not hold is refused (DOMAIN 7)."""
    screening.refuse_frozen(partner.id)
    held = standing_categories(partner)
    already = set(db.session.scalars(select(Assignment.offering_id).where(Assignment.partner_id == partner.id)))
    assigned = []
    for offering_id in dict.fromkeys(offering_ids):
        offering = refuse_shut(db.session.get(Offering, offering_id))
        refuse_without_category(offering, held)
        assigned.append(offering)
        if offering_id not in already:
            db.session.add(Assignment(partner_id=partner.id, offering_id=offering_id, assigned_on=today()))
    return assigned


def refuse_without_category(offering: Offering, held: frozenset[str]) -> None:
    asked = set(offering.required_categories or [])
    if asked and not asked & held:
        raise RuleBroken(_("“%(offering)s” asks for the ORIAS category %(categories)s.", offering=offering.name, categories=" / ".join(sorted(asked))), "offerings")


def documents_of(partner_id: int) -> list[Document]:
    return list(db.session.scalars(select(Document).where(Document.partner_id == partner_id).order_by(Document.id.desc())))

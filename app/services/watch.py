"""The watch over the registers: silent ones are asked again, and every partner's categories at ORIAS are looked at on a schedule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.connectors import registers
from app.extensions import db
from app.models import Check, CheckKind, CheckResult, Lane, Partner, PartnerStatus, now, today
from app.models.scope import SYSTEM, acting
from app.services import alerts, checks, jobs, schedules, settings
from app.services.crossings import crossing

AT_ONCE = 500  # companies in one question
WATCHED = (PartnerStatus.ACTIVE, PartnerStatus.SUSPENDED, PartnerStatus.PENDING_VALIDATION)
USUAL, IN_WINTER = timedelta(days=7), timedelta(days=1)


@jobs.kind("ask_registers", _("Ask the registers again"), lane=Lane.LONG, most_tries=100, lease=timedelta(minutes=5))
def ask_again(run: jobs.Run) -> None:
    """Asks what went unanswered when a file was checked. Silence is no answer, so only answers are kept; until all have come, the
    job comes back."""
    with crossing() as session:
        partner = session.get(Partner, run.facts["partner_id"])
        siren = partner.siren if partner is not None else None
    if siren is None:
        return
    checks.foresee(siren, anew=True)
    with acting(db.session(), SYSTEM, "system"):
        partner = db.session.get_one(Partner, run.facts["partner_id"])
        silent = [
            each.kind for each in checks.latest(partner.id) if each.result is CheckResult.UNAVAILABLE and not each.override_reason and each.kind in checks.OF_COMPANIES
        ]
        answered = [check for kind in silent if (check := checks.ask(partner, kind)).result is not CheckResult.UNAVAILABLE]
        for check in answered:
            keep(db.session(), check)
        if len(answered) == len(silent):
            run.settle(db.session())
        else:
            run.put_off(db.session(), f"no answer: {', '.join(kind.value for kind in silent)}")
        db.session.commit()


# --- every partner, in batches --------------------------------------------------------------------


def interval(day: date) -> timedelta:
    """ORIAS renews from 1 January to the end of February and strikes off on 1 March: then every day counts."""
    return IN_WINTER if (day.month, day.day) < (3, 16) else USUAL


@jobs.kind("watch_orias", _("Look at every partner’s registration with ORIAS"), lane=Lane.LONG, lease=timedelta(minutes=5))
def watch_orias(run: jobs.Run) -> None:
    """Several hundred partners in one question. Each answer is kept; a category that stood before and stands no longer calls staff.
    What is done is done batch by batch: a run that is cut short goes on with those it has not asked about."""
    if not settings.check_is_on(CheckKind.ORIAS):
        return
    last = 0
    while wanted := due(AT_ONCE, last):
        last = wanted[-1][0]
        entries = registers.chosen.intermediaries(sorted({siren for _id, siren in wanted}))  # raises Unavailable, and the job comes back
        with crossing(reading=False) as session:
            for partner in session.scalars(select(Partner).where(Partner.id.in_([number for number, _siren in wanted]), Partner.status.in_(WATCHED))):
                if partner.siren in entries:  # it may have changed meanwhile, or the answer may not speak of it: another day
                    note(session, partner, entries[partner.siren])
            session.commit()
        run.renew(done=run.done + len(wanted), total=run.done + len(wanted))


def due(most: int, after: int = 0) -> Sequence[tuple[int, str]]:
    """Partners whose registration has not been looked at for too long: number and SIREN, in the order of their numbers."""
    answered = Check.kind == CheckKind.ORIAS, Check.result != CheckResult.UNAVAILABLE
    latest = select(Check.partner_id, func.max(Check.created_at).label("at")).where(*answered).group_by(Check.partner_id).subquery()
    wanted = select(Partner.id, Partner.siren).outerjoin(latest, latest.c.partner_id == Partner.id).where(Partner.id > after)
    wanted = wanted.where(
        Partner.status.in_(WATCHED), Partner.siren.is_not(None), (latest.c.at.is_(None)) | (latest.c.at < now() - interval(today()) + timedelta(hours=1))
    )
    with crossing() as session:
        return [(number, siren or "") for number, siren in session.execute(wanted.order_by(Partner.id).limit(most))]


def note(session: Session, partner: Partner, entry: registers.Intermediary | None) -> None:
    """Keeps the answer about one partner."""
    result, asked, answer = checks.judge_orias(partner, entry)
    keep(session, Check(partner_id=partner.id, kind=CheckKind.ORIAS, register=registers.chosen.name, result=result, asked=asked, answered=registers.proof(answer)))


def keep(session: Session, check: Check) -> None:
    """Adds an answer beside the one before, silences left out. Staff are called when a category that stood stands no longer; what
    they took upon themselves in writing holds as long as the register says the same."""
    same = select(Check).where(Check.partner_id == check.partner_id, Check.kind == check.kind, Check.result != CheckResult.UNAVAILABLE)
    before = session.scalar(same.order_by(Check.id.desc()).limit(1))
    if before is not None and (before.result, before.answered) == (check.result, check.answered):
        check.override_reason, check.overridden_by = before.override_reason, before.overridden_by
    session.add(check)
    if check.kind is CheckKind.ORIAS and checks.standing(before) - checks.standing(check):
        alerts.call(session, "category_lapsed", session.get_one(Partner, check.partner_id))


schedules.daily("watch_orias", time(5, 0))

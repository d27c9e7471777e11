"""Screening: the people and the company behind a partner compared with the lists. Likeness only suggests; staff decide, and a
decision holds for as long as neither side changes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _
from rapidfuzz import fuzz, process
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import BeneficialOwner, Lane, ListKind, MatchStatus, Membership, Partner, PartnerStatus, ScreeningMatch, User, WatchEntry, WatchList, now
from app.services import alerts, jobs, schedules, watch_lists
from app.services.crossings import crossing
from app.services.refusals import RuleBroken

KEPT_FROM = 85  # of 100
LOOKED_AT_FROM = 80  # before dates of birth are compared
# Of 100: only the same name with the same day of birth reaches it. A namesake with another birth stays just above the line, a close
# name with another birth falls below it.
SAME_NAME, CLOSE_NAME, PART_OF_NAME = 95, 94, 91  # the second at most; the third where every word of the shorter name stands in the longer one
SAME_BIRTH, SAME_YEAR, OTHER_BIRTH = 5, 3, -10
SCREENED = (PartnerStatus.SUBMITTED, PartnerStatus.TO_SIGN, PartnerStatus.PENDING_VALIDATION, PartnerStatus.ACTIVE, PartnerStatus.SUSPENDED)
AT_ONCE = 200
LEGAL_FORMS = re.compile(r"\b(sasu?|sarl|selarl|eurl|earl|sci|sca|snc|sa|gie|ltd|limited|llc|inc|gmbh|ag|plc|bv|nv|ooo|oao|pao|societe|ste)\b")


@dataclass(frozen=True)
class Subject:
    """Somebody to look for: of which kind, by what name, born when."""

    key: str
    name: str
    born: date | None = None
    is_person: bool = True


class Entry(NamedTuple):
    id: int
    kind: ListKind
    reference: str
    is_person: bool
    names: list[str]
    births: list[str]


@dataclass(frozen=True)
class Found:
    subject: Subject
    entry: Entry
    likeness: int
    reasons: list[list[Any]]

    @property
    def key(self) -> tuple[str, ListKind, str]:
        return self.subject.key, self.entry.kind, self.entry.reference

    @property
    def compared(self) -> str:
        """A digest of everything that was compared: a decision about it holds until it changes."""
        facts = [compared_name(self.subject), str(self.subject.born or ""), sorted(self.entry.names), sorted(self.entry.births)]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


@dataclass
class Lists:
    """Every name of the lists in use, in the memory of this process."""

    mark: tuple[Any, ...] = ()  # number and digest of each list
    names: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)  # in step with `names`


_lists = Lists()


def lists(session: Session) -> Lists:
    """The lists as they are now; read again when another one has been loaded."""
    global _lists
    newest = select(func.max(WatchList.id)).group_by(WatchList.kind)
    mark = tuple(map(tuple, session.execute(select(WatchList.id, WatchList.digest).where(WatchList.id.in_(newest)).order_by(WatchList.id))))
    if _lists.mark != mark:
        fresh = Lists(mark)
        for row in watch_lists.names_by_entry(session):
            entry = Entry(*row)
            fresh.names += entry.names if entry.is_person else map(without_form, entry.names)
            fresh.entries += [entry] * len(entry.names)
        _lists = fresh
    return _lists


def compared_name(subject: Subject) -> str:
    name = watch_lists.plain(subject.name)
    return name if subject.is_person else without_form(name)


def without_form(name: str) -> str:
    """A company's name without its legal form: « SAS Kalinka » and « KALINKA LLC » are compared as "kalinka"."""
    return " ".join(LEGAL_FORMS.sub(" ", name).split()) or name


def subjects_of(session: Session, partner: Partner) -> list[Subject]:
    """The company under both its names, its beneficial owners, and whoever else signs in for it: an owner who does is one subject."""
    found = [Subject("company", name, is_person=False) for name in dict.fromkeys((partner.name, partner.trade_name)) if name]
    owners = select(BeneficialOwner).where(BeneficialOwner.partner_id == partner.id).order_by(BeneficialOwner.id)
    found += [Subject(f"owner:{owner.id}", str(owner), owner.birth_date) for owner in session.scalars(owners)]
    known = {(watch_lists.plain(each.name), each.born) for each in found if each.is_person}
    members = select(User).join(Membership, Membership.user_id == User.id).where(Membership.partner_id == partner.id).order_by(User.id)
    people = [Subject(f"person:{user.id}", user.get_full_name(), user.birth_date) for user in session.scalars(members)]
    return found + [each for each in people if (watch_lists.plain(each.name), each.born) not in known]


def look(session: Session, partner: Partner) -> list[Found]:
    """What resembles the partner's people and company in the lists, the likest first; for each entry, the name that fits best."""
    held = lists(session)
    best: dict[tuple[str, ListKind, str], Found] = {}
    for subject in subjects_of(session, partner):
        for place, likeness, reason in likenesses(compared_name(subject), held.names):
            found = judged(subject, held.entries[place], likeness, reason)
            if found is not None and (found.key not in best or best[found.key].likeness < found.likeness):
                best[found.key] = found
    return sorted(best.values(), key=lambda found: (-found.likeness, found.key))


def likenesses(name: str, names: list[str]) -> list[tuple[int, int, list[Any]]]:
    """(place, likeness of 100, reason) of the names that come close, whatever the order of their words."""
    if not name or not names:
        return []
    close = process.extract(name, names, scorer=fuzz.token_sort_ratio, processor=None, score_cutoff=LOOKED_AT_FROM, limit=None)
    found = {
        place: (place, SAME_NAME, ["same_name", 100]) if score > 99.9 else (place, min(round(score), CLOSE_NAME), ["close_name", round(score)])
        for _name, score, place in close
    }
    if " " in name:
        within = process.extract(name, names, scorer=fuzz.token_set_ratio, processor=None, score_cutoff=100, limit=None)
        for other, _score, place in within:
            if " " in other and found.get(place, (0, 0))[1] < PART_OF_NAME:
                found[place] = (place, PART_OF_NAME, ["part_of_name", PART_OF_NAME])
    return list(found.values())


def judged(subject: Subject, entry: Entry, likeness: int, reason: list[Any]) -> Found | None:
    """The likeness with the dates of birth taken into account; None where too little is left. A company is compared with persons,
    too, for a sole trader bears a person's name, but then the whole name must be the same."""
    if subject.is_person != entry.is_person and (subject.is_person or reason[0] != "same_name"):
        return None
    change, born = births_compared(subject.born, entry.births)
    total = max(0, min(100, likeness + change))
    return Found(subject, entry, total, [reason, *([born] if born else [])]) if total >= KEPT_FROM else None


def births_compared(born: date | None, births: Iterable[str]) -> tuple[int, list[Any]]:
    """What the dates of birth add or take away, and why; a list often knows no more than a year."""
    known = list(births)
    if born is None or not known:
        return 0, []
    if born.isoformat() in known:
        return SAME_BIRTH, ["same_birth", born.isoformat()]
    for each in known:
        if born.isoformat().startswith(each):
            return SAME_YEAR, ["birth_fits", each]
    if any(abs(int(each[:4]) - born.year) <= 1 for each in known):
        return 0, ["birth_near", min(known, key=lambda each: abs(int(each[:4]) - born.year))]
    return OTHER_BIRTH, ["other_birth", known[0]]


# --- keeping what was found -----------------------------------------------------------------------


def screen(session: Session, partner: Partner, looked: list[Found] | None = None) -> int:
    """Keeps what is found of a partner, or was when it was `looked` up a moment ago; returns how many matches newly wait for a
    decision, which calls staff."""
    found = {each.key: each for each in (look(session, partner) if looked is None else looked)}
    held = {(row.subject, row.list_kind, row.reference): row for row in session.scalars(select(ScreeningMatch).where(ScreeningMatch.partner_id == partner.id))}
    wanted = session.scalars(select(WatchEntry).where(WatchEntry.id.in_([each.entry.id for each in found.values()]))) if found else ()
    entries = {(entry.kind, entry.reference): entry for entry in wanted}
    waiting = 0
    for key, each in found.items():
        row, entry = held.get(key), entries.get((each.entry.kind, each.entry.reference))
        if entry is None:  # another list has taken its place meanwhile, and brings a screening of its own
            continue
        if row is None:
            row = ScreeningMatch(partner_id=partner.id, subject=key[0], list_kind=key[1], reference=key[2])
            session.add(row)
        elif row.compared == each.compared and row.status is not MatchStatus.GONE:
            continue
        row.subject_name, row.subject_born = each.subject.name[:300], each.subject.born
        row.entry_name, row.entry_facts = entry.name, {**entry.facts, "births": entry.births}
        row.likeness, row.reasons, row.compared = each.likeness, each.reasons, each.compared
        row.status, row.reason, row.decided_by, row.decided_at = MatchStatus.OPEN, "", None, None
        waiting += 1
    for key, row in held.items():
        if key not in found and row.status is MatchStatus.OPEN:
            row.status = MatchStatus.GONE  # what somebody has confirmed stays until somebody takes it back
    if waiting:
        alerts.call(session, "match_found", partner)
    session.flush()
    settle_alerts(session, partner.id)
    return waiting


def settle_alerts(session: Session, partner_id: int) -> None:
    """Nothing of this partner waits for a decision any more: neither do its alerts."""
    still = select(ScreeningMatch.id).where(ScreeningMatch.partner_id == partner_id, ScreeningMatch.status == MatchStatus.OPEN)
    if session.scalar(still.limit(1)) is None:
        alerts.handled("match_found", partner_id, session)


def matches_of(partner_id: int) -> list[ScreeningMatch]:
    wanted = select(ScreeningMatch).where(ScreeningMatch.partner_id == partner_id, ScreeningMatch.status != MatchStatus.GONE)
    return list(db.session.scalars(wanted.order_by(ScreeningMatch.status, ScreeningMatch.likeness.desc(), ScreeningMatch.id)))


def refuse_undecided(partner: Partner) -> None:
    """Raises RuleBroken while somebody of this partner resembles an entry and nobody has decided, or is one whose assets are frozen.
    The lists are looked at here and now: the partner's file may have changed since it was last screened."""
    rows = {(row.subject, row.list_kind, row.reference): row for row in matches_of(partner.id)}
    for found in look(db.session(), partner):
        row = rows.get(found.key)
        if row is None or row.compared != found.compared or row.status is MatchStatus.OPEN:
            raise RuleBroken(_("“%(name)s” resembles an entry of a watch list. Decide on the match first.", name=found.subject.name))
    for row in rows.values():
        if row.status is MatchStatus.OPEN:
            raise RuleBroken(_("“%(name)s” resembles an entry of a watch list. Decide on the match first.", name=row.subject_name))
    refuse_frozen(partner.id)


def refuse_frozen(partner_id: int) -> None:
    """Raises RuleBroken for a partner of whom somebody's assets are frozen: nothing may be made available to it (CMF L562-5)."""
    for row in matches_of(partner_id):
        if row.is_frozen:
            raise RuleBroken(_("The assets of “%(name)s” are frozen: nothing may be made available to this partner.", name=row.subject_name))


def decide(match: ScreeningMatch, status: MatchStatus, reason: str, by: str, seen: int | None = None) -> None:
    """Somebody's decision, in writing; it may be revised in the same way. `seen` is the version of the match that was on the screen:
    what has come to light since then has not been decided on."""
    if seen is not None and seen != match.version:
        raise RuleBroken(_("This match has changed since you opened it. Please look at it again."))
    if match.status is MatchStatus.GONE:
        raise RuleBroken(_("This match is no longer found: there is nothing to decide."))
    if not any(letter.isalnum() for letter in reason):
        raise RuleBroken(_("Please give the reason: it is kept with the decision."), "reason")
    match.status, match.reason, match.decided_by, match.decided_at = status, reason.strip()[:1000], by, now()
    db.session.flush()
    settle_alerts(db.session(), match.partner_id)


# --- when -----------------------------------------------------------------------------------------


def ask(partner_id: int, name: str = "", session: Session | None = None) -> None:
    """Has a partner screened once this transaction is committed."""
    jobs.enqueue("screen_partner", {"partner_id": partner_id}, subject=name, session=session)


@jobs.kind("screen_partner", _("Screen a partner against the lists"))
def screen_partner(run: jobs.Run) -> None:
    looked = looked_up([run.facts["partner_id"]])
    with crossing(reading=False) as session:
        for number, found in looked.items():
            screen(session, session.get_one(Partner, number), found)
        run.settle(session)
        session.commit()


@jobs.kind("screen_all", _("Screen every partner against the lists"), lane=Lane.LONG, lease=timedelta(minutes=5))
def screen_all(run: jobs.Run) -> None:
    """Partner by partner, each in a transaction of its own. To be done again is no harm: what stands already is left alone. One that
    cannot be screened holds up no other; the job then comes back for it."""
    with crossing() as session:
        numbers = list(session.scalars(select(Partner.id).where(Partner.status.in_(SCREENED)).order_by(Partner.id)))
    failed = []
    for start in range(0, len(numbers), AT_ONCE):
        for number, found in looked_up(numbers[start : start + AT_ONCE]).items():
            try:
                with crossing(reading=False) as session:
                    screen(session, session.get_one(Partner, number), found)
                    session.commit()
            except SQLAlchemyError as fault:
                failed.append(f"{number}: {type(fault).__name__}")
        run.renew(done=min(start + AT_ONCE, len(numbers)), total=len(numbers))
    if failed:
        raise RuntimeError(f"not screened: {', '.join(failed)}")


def looked_up(numbers: list[int]) -> dict[int, list[Found]]:
    """What is found of those partners who resemble an entry, or did before. It is found by reading alone, for comparing names takes
    a while in which nobody's writing should wait."""
    with crossing() as session:
        known = set(session.scalars(select(ScreeningMatch.partner_id).where(ScreeningMatch.partner_id.in_(numbers))))
        partners = session.scalars(select(Partner).where(Partner.id.in_(numbers), Partner.status.in_(SCREENED)).order_by(Partner.id))
        looked = {partner.id: look(session, partner) for partner in partners}
    return {number: found for number, found in looked.items() if found or number in known}


schedules.daily("screen_all", time(4, 0))

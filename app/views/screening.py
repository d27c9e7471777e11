"""Beneficial owners, the lists that partners are screened against, and the matches that staff decide on."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import format_date, gettext, lazy_gettext as _

from app.extensions import db
from app.models import BeneficialOwner, ListKind, MatchStatus, Partner, ScreeningMatch
from app.permissions import BENEFICIAL_OWNERS, MY_OWNERS, SCREENING, WRITE
from app.services import once, owners, partners, screening, watch_lists
from app.services.refusals import RuleBroken, refuse_all
from app.views.base import EntityView, HouseView, Portal, Rules, act, page, signed_in

OWNER = ["first_name", "last_name", "birth_date", "nationality", "country", "control", "share", "exposed", "office"]


class BeneficialOwnerView(EntityView):
    model, access, slug, icon = BeneficialOwner, BENEFICIAL_OWNERS, "owners", "person-badge"
    rules = Rules(saving=owners.saving, saved=owners.saved, removing=owners.removing)
    list_columns = ["last_name", "first_name", "partner", "control", "share", "exposed"]
    filters = ["partner_id", "control", "exposed"]
    sort = ["last_name", "share"]
    form = {_("Beneficial owner"): ["partner", *OWNER]}
    deletes = True
    portal = Portal(
        access=MY_OWNERS,
        list_columns=["last_name", "first_name", "control", "share", "exposed"],
        form={_("Beneficial owner"): OWNER},
        icon="person-badge",
    )


class ScreeningMatchView(EntityView):
    model, access, slug, icon = ScreeningMatch, SCREENING, "matches", "person-exclamation"
    list_columns = ["subject_name", "partner", "list_kind", "entry_name", "likeness", "status"]
    filters = ["status", "list_kind", "partner_id"]
    sort = ["likeness", "status"]
    form = {}
    show = {_("Decision"): ["status", "reason", "decided_by", "decided_at"]}
    adds = edits = deletes = False
    show_template = "screening/match.html"

    @act(
        _("This is somebody else"),
        confirm=_("Decide that this is somebody else?"),
        asks_reason=True,
        fits=lambda match: match.status not in (MatchStatus.GONE, MatchStatus.DISMISSED),
    )
    def dismiss(self, match: ScreeningMatch, reason: str) -> None:
        screening.decide(match, MatchStatus.DISMISSED, reason, signed_in().name, seen())

    @act(
        _("This is the same"),
        confirm=_("Decide that this is the same? Where assets are frozen, an active partner is suspended at once."),
        asks_reason=True,
        fits=lambda match: match.status not in (MatchStatus.GONE, MatchStatus.CONFIRMED),
    )
    def confirm(self, match: ScreeningMatch, reason: str) -> None:
        screening.decide(match, MatchStatus.CONFIRMED, reason, signed_in().name, seen())
        if match.is_frozen:
            partners.freeze(match.partner, signed_in().name, reason)


def frozen_of(partner: Partner) -> list[ScreeningMatch]:
    """The confirmed freezes of a partner, for whoever reads its file."""
    return [match for match in screening.matches_of(partner.id) if match.is_frozen]


def seen() -> int | None:
    """The version of the match that was on the screen; none where several were ticked in a list."""
    sent = request.form.get("seen", "")
    return int(sent) if sent.isdecimal() and len(sent) < 10 else None


def birth_words(born: str) -> str:
    """A birth as far as a list knows it: « 23 nov. 1951 », « mai 1951 » or « 1951 »."""
    parts = [int(part) for part in born.split("-")]
    try:
        day = date(*parts, *([1] * (3 - len(parts))))
    except ValueError:  # the list's own slip, such as 31 April
        return born
    return format_date(day, ("y", "MMMM y", "medium")[len(parts) - 1])


REASONS = {
    "same_name": lambda value: gettext("The name is the same."),
    "close_name": lambda value: gettext("The name is close (%(likeness)s out of 100).", likeness=value),
    "part_of_name": lambda value: gettext("All of the shorter name stands in the longer one."),
    "same_birth": lambda value: gettext("The date of birth is the same."),
    "birth_fits": lambda value: gettext("The list knows no more of the birth than %(date)s: it fits.", date=birth_words(value)),
    "birth_near": lambda value: gettext("The list says born %(date)s: a year apart at most.", date=birth_words(value)),
    "other_birth": lambda value: gettext("The list says born %(date)s: that is another date.", date=birth_words(value)),
}
FACT_WORDS = {
    "aliases": _("Also called"),
    "births": _("Born"),
    "nationality": _("Nationality"),
    "birth_place": _("Place of birth"),
    "office": _("Office"),
    "reasons": _("Reasons given"),
    "legal_basis": _("Legal basis"),
    "eu_reference": _("Reference of the European Union"),
    "un_reference": _("Reference of the United Nations"),
}
WHO = {"company": _("Company"), "person": _("Signs in for the partner"), "owner": _("Beneficial owner")}


def match_words(match: ScreeningMatch) -> dict[str, Any]:
    """A match as people read it: who, why it was found, what the list says."""
    facts = {**(match.entry_facts or {}), "births": [birth_words(born) for born in (match.entry_facts or {}).get("births", [])]}
    return {
        "who": WHO.get(match.subject.partition(":")[0], ""),
        "reasons": [REASONS[code](value) for code, value in match.reasons if code in REASONS],
        "facts": [(FACT_WORDS[name], words) for name in FACT_WORDS if (words := facts.get(name))],
    }


class WatchListsView(HouseView):
    """The lists in use, and where a newer one is loaded."""

    access, route_base = SCREENING, "/watch-lists"

    @page("/")
    def show(self) -> Any:
        return self.screen()

    def screen(self, refusal: RuleBroken | None = None) -> Any:
        facts = {"kinds": [(kind, watch_lists.newest(kind)) for kind in ListKind], "loaded": watch_lists.loaded(), "may_write": signed_in().may(SCREENING, WRITE)}
        return render_template("screening/lists.html", refusal=refusal, sent=request.form, one_time=once.new_token(), **facts), 422 if refusal else 200

    @page("/load", needs=WRITE, methods=("POST",))
    def load(self) -> Any:
        sent, kind = request.files.get("file"), request.form.get("kind", "")
        try:
            content = sent.read(watch_lists.LARGEST + 1) if sent and sent.filename else b""
            wrong = {} if kind in list(ListKind) else {"kind": _("Please choose which list this is.")}
            refuse_all(wrong | ({} if content else {"file": _("Please choose a file.")}))
            found = watch_lists.read(content)  # before a transaction begins
            once.claim(request.form.get("one_time"), signed_in().id)
            row = watch_lists.put(ListKind(kind), sent.filename or "" if sent else "", found, signed_in().name, bool(request.form.get("smaller_too")))
            db.session.commit()
            flash(gettext("The list has been loaded: %(count)s entries. Every partner is being screened.", count=row.entries), "good")
        except once.AlreadyDone:
            pass
        except RuleBroken as refusal:
            db.session.rollback()
            return self.screen(refusal)
        return redirect("/watch-lists/")

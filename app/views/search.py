"""Search over everything that a person may see, by any word of it, from the bar above every page; and what it pinned or opened last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import abort, current_app, flash, jsonify, redirect, render_template, request
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from app.extensions import db
from app.models import Membership, Side, User, fold
from app.permissions import PARTNER_PEOPLE, READ, STAFF_PEOPLE
from app.services import preferences
from app.services.refusals import RuleBroken
from app.views.base import SIGNED_IN, EntityView, HouseView, marks, page, signed_in
from app.views.base.columns import column_of, plain_words, pointed_at
from app.views.base.forms import fitting
from app.views.base.listing import Asked, Listing
from app.views.guides import guides_of

SHOWN, SHOWN_QUICKLY, LOOKED_AT = 8, 4, 25  # hits per shelf on the page and under the bar; how many are read to choose the best from
FACTS = 3  # facts beside a hit's name
# Other words by which people look for a page, beside its name in the menu: folded, in both languages.
ALSO_CALLED = {
    "/": "accueil home",
    "/alerts/": "alertes alerts cloche bell",
    "/account/": "mot de passe password langue language theme sombre dark compte account parametres settings",
    "/settings/checks/": "controles checks interrupteurs switches registres registers",
    "/settings/permissions/": "droits permissions roles rights",
}


@dataclass(frozen=True)
class Hit:
    """One line of an answer: a name, quiet facts, and where it leads."""

    text: str
    hint: str
    href: str
    icon: str


@dataclass
class Shelf:
    """Hits of one kind; `more` is the list that holds all of them."""

    title: str
    hits: list[Hit] = field(default_factory=list)
    more: str = ""


def entity_views(everything: bool = False) -> list[EntityView]:
    """The lists of this person's frame that can be searched; `everything` also brings those that only hold records."""
    who, menu = signed_in(), current_app.extensions["cordee_menu"]
    frame, places = "staff" if who.is_staff else "portal", {entry.href for entry in menu.entries}
    found = [view for view in current_app.extensions["appbuilder"].baseviews if isinstance(view, EntityView) and view.frame == frame and who.may(view.access, READ)]
    return [view for view in found if everything or (view.search and f"{view.route_base}/" in places)]


def shelves(words: str, size: int) -> list[Shelf]:
    """Everything that fits the words, kind by kind; one statement each, under the session's scope."""
    found = [pages(words, size)]
    found += [records(view, words, size) for view in entity_views()]
    if signed_in().is_staff:
        found.append(people(words, size))
    return [shelf for shelf in found if shelf.hits]


def records(view: EntityView, words: str, size: int) -> Shelf:
    listing = Listing(view.model, view.list_columns[: FACTS + 1], Asked(words=words, size=LOOKED_AT), db.session(), view.where())
    rows = listing.rows().rows
    hits = [Hit(name_of(view, row), facts_of(view, row), f"{view.route_base}/{row.id}", view.icon) for row in rows]
    more = f"{view.route_base}/?{urlencode({'q': words})}" if len(hits) > size else ""
    return Shelf(view.plural, best(hits, words)[:size], more)


def best(hits: list[Hit], words: str) -> list[Hit]:
    """Names that are, then begin with what was typed come first; otherwise the newest."""
    wanted = fold(words)
    return sorted(hits, key=lambda hit: (fold(hit.text) != wanted, not fold(hit.text).startswith(wanted)))


def name_of(view: EntityView, row: Any) -> str:
    column = column_of(view.model, view.list_columns[0])
    return getattr(row, f"{column.name}_label") if column.kind == "link" else plain_words(column, getattr(row, column.name)) or "—"


def facts_of(view: EntityView, row: Any) -> str:
    """The next columns' values, in one quiet line."""
    words = []
    for name in view.list_columns[1 : FACTS + 1]:
        column = column_of(view.model, name)
        value = getattr(row, f"{column.name}_label" if column.kind == "link" else column.name)
        words.append(str(value or "") if column.kind == "link" else plain_words(column, value, getattr(row, "currency_of_row", None) or "EUR"))
    return " · ".join(word for word in words if word)


def people(words: str, size: int) -> Shelf:
    """People of partners and members of staff, by name or e-mail."""
    who, shelf = signed_in(), Shelf(gettext("People"))
    condition, values = fitting(User, words)
    matching = condition.whereclause
    if matching is None:
        return shelf
    if who.may(PARTNER_PEOPLE, READ):
        found = db.session.scalars(
            select(Membership).join(User, User.id == Membership.user_id).where(matching).options(joinedload(Membership.user), joinedload(Membership.partner)).limit(size),
            values,
        )
        shelf.hits += [Hit(str(each.user), f"{each.partner} · {each.role.label} · {each.user.email}", f"/people/{each.id}", "person") for each in found]
    if who.may(STAFF_PEOPLE, READ):
        staff = db.session.scalars(select(User).where(User.side == Side.STAFF, matching).limit(size), values)
        shelf.hits += [Hit(str(user), f"{Side.STAFF.label} · {user.email}", f"/settings/staff/{user.id}", "person-badge") for user in staff]
    shelf.hits = best(shelf.hits, words)[:size]
    return shelf


def pages(words: str, size: int) -> Shelf:
    """Pages of the menu, by their names."""
    menu, wanted = current_app.extensions["cordee_menu"], fold(words).split()
    entries = [(str(entry["label"]), entry["href"], entry["icon"]) for group in menu.groups("") for entry in group["entries"]]
    entries.append((gettext("My settings"), "/account/", "gear"))
    entries += [(str(step.title), f"/help/#step-{number}", "signpost-2") for _role, steps in guides_of(signed_in())[:1] for number, step in enumerate(steps, 1)]
    hits = [Hit(label, "", href, icon) for label, href, icon in entries if all(word in f"{fold(label)} {ALSO_CALLED.get(href, '')}" for word in wanted)]
    return Shelf(gettext("Pages"), hits[:size])


# --- pinned and recent ----------------------------------------------------------------------------


def own_shelves() -> list[Shelf]:
    """What is pinned, and what was opened last; a record that one may no longer see is not there."""
    pins, recent = marks.pins(), marks.recent()
    named = names_of([*pins, *recent])
    found = [
        Shelf(gettext("Pinned"), [named[tuple(place)] for place in pins if tuple(place) in named]),
        Shelf(gettext("Opened last"), [named[tuple(place)] for place in recent if tuple(place) in named and place not in pins]),
    ]
    return [shelf for shelf in found if shelf.hits]


def names_of(places: list[list[Any]]) -> dict[tuple[str, int], Hit]:
    """The records at some places, by place: one statement per kind."""
    found: dict[tuple[str, int], Hit] = {}
    for view in entity_views(everything=True):
        numbers = {number for base, number in places if base == view.route_base}
        if not numbers:
            continue
        statement = select(view.model).where(view.model.id.in_(numbers), *view.where()).options(*pointed_at(view.model))
        found |= {
            (view.route_base, record.id): Hit(str(record), str(view.model.title), f"{view.route_base}/{record.id}", view.icon) for record in db.session.scalars(statement)
        }
    return found


class SearchView(HouseView):
    """The search page, the answers under the search bar, and pins."""

    access, frame, route_base = SIGNED_IN, "bare", "/search"

    @page("/")
    def show(self) -> str:
        words = words_asked()
        return render_template("home/search.html", words=words, shelves=shelves(words, SHOWN) if words else own_shelves())

    @page("/quick")
    def quick(self) -> Response:
        """The same as data, shorter, for the list under the bar."""
        words = words_asked()
        found = shelves(words, SHOWN_QUICKLY) if words else own_shelves()
        return jsonify([{"title": shelf.title, "hits": [vars(hit) for hit in shelf.hits]} for shelf in found])

    @page("/pin", methods=("POST",))
    def pin(self) -> Response:
        """Pins a record, or takes its pin away."""
        place, sent = request.form.get("place", ""), request.form.get("record_id", "")
        view = next((each for each in entity_views(everything=True) if each.route_base == place), None)
        if view is None or not sent.isdecimal() or len(sent) > 9:
            abort(404)
        view.find(int(sent))
        db.session.rollback()  # what follows writes in a session of its own
        try:
            preferences.set_pin(signed_in().id, place, int(sent), request.form.get("wanted") == "1")
        except RuleBroken as broken:
            flash(str(broken.sentence), "bad")
        return redirect(f"{place}/{int(sent)}")


def words_asked() -> str:
    words = request.args.get("q", "").replace("\x00", "").strip()[:100]
    return words if fold(words).strip() else ""

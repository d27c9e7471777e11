"""Finished pieces of pages: rendered once for everybody who sees the same thing, and kept. A frame of menus and buttons
costs more to render than fifty rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from functools import lru_cache
from html import escape
from secrets import token_hex

from flask import current_app, g, render_template, request
from flask_babel import get_locale
from markupsafe import Markup

from app.views.base.guards import person, waiting
from app.views.cookies import csrf_token

KEPT = 5_000  # a form has a dozen of them, in each language
CSRF_GOES_HERE, PAGE_GOES_HERE, QUERY_GOES_HERE, ONCE_GOES_HERE = (
    token_hex(16),
    token_hex(16),
    token_hex(16),
    token_hex(16),
)  # what differs from one request to the next; nobody can guess them


class Fragments(OrderedDict[Hashable, Markup]):
    """Pieces of HTML by what they depend on; the oldest goes when there are too many."""

    def get_or_make(self, key: Hashable, make: Callable[[], str]) -> Markup:
        found = self.get(key)
        if found is None:
            found = self[key] = Markup(make())  # noqa: S704 - our own templates, escaped
            while len(self) > KEPT:
                self.popitem(last=False)
        else:
            with suppress(KeyError):  # another thread has just let it go
                self.move_to_end(key)
        return found


def fragments() -> Fragments:
    return current_app.extensions["cordee_fragments"]


def filled(html: str, values: dict[str, str]) -> Markup:
    """A kept piece with what differs put in; the values are HTML already (Markup.replace would escape them again)."""
    for mark, value in values.items():
        html = str.replace(html, mark, value)
    return Markup(html)  # noqa: S704 - our own templates, escaped


def language() -> str:
    """The page's language, asked for once: a piece's key compares faster as text than as Babel's Locale."""
    if "language" not in g:
        g.language = str(get_locale())
    return g.language


def topbar(frame: str, home: str = "/") -> Markup:
    """The bar above every page, with the navigation. Kept per person, language, place in the menu and open alerts."""
    menu = current_app.extensions["cordee_menu"]
    who, waits = person(), waiting()
    key = ("topbar", frame, home, who.key if who else None, language(), waits, menu.place())
    html = fragments().get_or_make(key, lambda: render_template("frame/topbar.html", frame=frame, home=home, unread=waits.unread, waits=waits))
    here = request.full_path if request.query_string else request.path
    return filled(html, {CSRF_GOES_HERE: csrf_token(), PAGE_GOES_HERE: escape(here)})


@lru_cache(maxsize=1_000)
def icon(name: str, label: str = "") -> Markup:
    """An icon of the sheet at /assets/icons.svg: decoration, unless it has a label."""
    told = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return Markup(f'<svg class="icon" {told}><use href="/assets/icons.svg#{escape(name)}"></use></svg>')  # noqa: S704


def csrf() -> Markup:
    return Markup(f'<input type="hidden" name="csrf_token" value="{csrf_token()}">')  # noqa: S704 - a signed token


def once_input(token: str) -> Markup:
    return Markup('<input type="hidden" name="one_time" value="{}">').format(token)

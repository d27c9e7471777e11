"""Finished pieces of pages: rendered once for everybody who sees the same thing, and kept. A frame of menus and buttons
costs more to render than fifty rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from functools import lru_cache
from html import escape
from secrets import token_hex
from typing import Any

from flask import current_app, g, render_template, request
from flask_babel import get_locale
from markupsafe import Markup

from app.views.base.guards import person
from app.views.cookies import csrf_token
from app.views.home import waiting
from app.views.views import menu_of_views

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


def list_part(template: str, view: Any, asked: Any, address: str, later: str = "", shape: Hashable = None, **values: Any) -> Markup:
    """A part of a list page around its rows, kept for everybody with the same rights who asks for the same `address`. It may
    hold nothing but what stands in the address and in the declarations: a record's name is somebody's. `later` goes in where
    the template says so; `shape` is whatever else the part depends on."""
    who = person()
    key = (template, view.endpoint, language(), who.rights_key if who else None, address, shape)
    html = fragments().get_or_make(key, lambda: render_template(template, view=view, asked=asked, **values))
    return filled(html, {QUERY_GOES_HERE: later})


def list_actions(view: Any, asked: Any) -> Markup:
    return list_part("entity/list_actions.html", view, asked, "", later=escape(asked.address()))


def list_tools(view: Any, asked: Any, filters: Any) -> Markup:
    """Search box and chips; not kept where a chip may name a record."""
    if not asked.is_plain:
        return Markup(render_template("entity/list_tools.html", view=view, asked=asked, filters=filters))  # noqa: S704 - our own template, escaped
    return list_part("entity/list_tools.html", view, asked, "", filters=filters)


def bulk_bar(view: Any, asked: Any, actions: list[Any]) -> Markup:
    """What can be done to the ticked rows."""
    return list_part("entity/bulk_bar.html", view, asked, "", later=escape(asked.address()), actions=actions)


def row_panel(view: Any, asked: Any, actions: list[Any], one_time: str) -> Markup:
    """The menu of a row, one for the whole list."""
    html = list_part("entity/row_panel.html", view, asked, "", actions=actions)
    return filled(html, {CSRF_GOES_HERE: csrf_token(), ONCE_GOES_HERE: one_time})


def list_head(view: Any, asked: Any, ticks: bool, has_menu: bool) -> Markup:
    return list_part("entity/list_head.html", view, asked, asked.address(), shape=(ticks, has_menu), ticks=ticks, has_menu=has_menu)


def filter_panel(view: Any, asked: Any, filters: Any) -> Markup:
    """The panel that sets filters, beside the words and the order that stay."""
    stays = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in (("q", asked.words), ("sort", asked.sort), ("columns", ",".join(asked.columns)))
        if value
    )
    return list_part("entity/filters.html", view, asked, asked.address(q=None, sort=None, columns=None), later=stays, filters=filters)


def list_views(view: Any, asked: Any) -> Markup:
    """The menus of views and of columns; kept per person, whose own names stand in it."""
    who = person()
    key = ("list_views", view.endpoint, language(), who.key if who else None, asked.address())
    html = fragments().get_or_make(key, lambda: render_template("entity/list_views.html", view=view, asked=asked, **menu_of_views(view, asked)))
    return filled(html, {CSRF_GOES_HERE: csrf_token()})


@lru_cache(maxsize=1_000)
def icon(name: str, label: str = "") -> Markup:
    """An icon of the sheet at /assets/icons.svg: decoration, unless it has a label."""
    told = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return Markup(f'<svg class="icon" {told}><use href="/assets/icons.svg#{escape(name)}"></use></svg>')  # noqa: S704


def csrf() -> Markup:
    return Markup(f'<input type="hidden" name="csrf_token" value="{csrf_token()}">')  # noqa: S704 - a signed token


def once_input(token: str) -> Markup:
    return Markup('<input type="hidden" name="one_time" value="{}">').format(token)

"""The kept pieces of a list's page, around its rows."""

from __future__ import annotations

from collections.abc import Hashable
from html import escape
from typing import Any

from flask import render_template
from markupsafe import Markup

from app.views.base import person
from app.views.base.kept import CSRF_GOES_HERE, ONCE_GOES_HERE, QUERY_GOES_HERE, filled, fragments, language
from app.views.cookies import csrf_token
from app.views.views import menu_of_views


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

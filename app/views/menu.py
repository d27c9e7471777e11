"""The table of contents: the groups of the side navigation, and the views in the order in which they appear.

Adding an entity adds one line here.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from flask import current_app, g, render_template, request
from flask_babel import LazyString, get_locale, lazy_gettext as _
from markupsafe import Markup

from app.permissions import READ, Access
from app.views.base.guards import person


@dataclass(frozen=True)
class Group:
    name: str
    title: LazyString | str


HOME = Group("home", "")
NETWORK = Group("network", _("Network"))
CLIENTS = Group("clients", _("Clients"))
OFFER = Group("offer", _("Offer"))
SETTINGS = Group("settings", _("Settings"))
PORTAL = Group("portal", "")
GROUPS = (HOME, NETWORK, CLIENTS, OFFER, SETTINGS)


@dataclass(frozen=True)
class Entry:
    """A line of the menu: shown to whoever may read its kind of record."""

    group: Group
    label: LazyString
    icon: str
    href: str
    access: Access | None = None


class Menu:
    """The entries of both frames, and the finished fragments: one per person's rights, language and place."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.kept: OrderedDict[Any, Markup] = OrderedDict()

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)

    def html(self) -> Markup:
        who = person()
        if who is None:
            return Markup("")
        place = next((entry.href for entry in sorted(self.entries, key=lambda each: -len(each.href)) if request.path.startswith(entry.href)), "")
        key = (who.is_staff, tuple(who.rights.items()), str(get_locale()), place)
        found = self.kept.get(key)
        if found is None:
            found = self.kept[key] = Markup(render_template("frame/menu.html", groups=self.groups(place)))  # noqa: S704 - our own template, escaped
            while len(self.kept) > 500:
                self.kept.popitem(last=False)
        return found

    def groups(self, place: str) -> list[dict[str, Any]]:
        who = person()
        assert who is not None
        wanted = GROUPS if who.is_staff else (PORTAL,)
        found = []
        for group in wanted:
            entries = [
                {"label": entry.label, "icon": entry.icon, "href": entry.href, "active": entry.href == place}
                for entry in self.entries
                if entry.group is group and (entry.access is None or who.may(entry.access, READ))
            ]
            if entries:
                found.append({"title": str(group.title), "entries": entries})
        return found


def menu_html() -> Markup:
    menu: Menu = current_app.extensions["cordee_menu"]
    if "menu_html" not in g:
        g.menu_html = menu.html()
    return g.menu_html

"""The side navigation: its groups and entries. Which views stand in it, and in which order: CONTENTS in views/__init__.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, render_template, request
from flask_babel import LazyString, lazy_gettext as _, ngettext
from markupsafe import Markup

from app.permissions import READ, Access
from app.services.people import Person, Waiting
from app.views.base.guards import person


@dataclass(frozen=True)
class Group:
    name: str
    title: LazyString | str


HOME = Group("home", "")
NETWORK = Group("network", _("Network"))
CLIENTS = Group("clients", _("Clients"))
OFFER = Group("offer", _("Offer"))
COMPLIANCE = Group("compliance", _("Compliance"))
SETTINGS = Group("settings", _("Settings"))
PORTAL = Group("portal", "")
GROUPS = (HOME, NETWORK, CLIENTS, OFFER, COMPLIANCE, SETTINGS)


@dataclass(frozen=True)
class Entry:
    """A line of the menu: shown to whoever may read its kind of record."""

    group: Group
    label: LazyString
    icon: str
    href: str
    access: Access | None = None
    calls: str = ""  # what calls for work there: a count of services/people.py's Waiting


class Menu:
    """The entries of both frames."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.entries_by_length = sorted(self.entries, key=lambda each: -len(each.href))

    def place(self) -> str:
        """The entry under which the asked page stands; a frame's first page holds no other."""
        first_pages, asked = ("/", "/portal/"), request.path
        return next((each.href for each in self.entries_by_length if asked == each.href or (each.href not in first_pages and asked.startswith(each.href))), "")

    def groups(self, place: str, waits: Waiting = Waiting()) -> list[dict[str, Any]]:
        who = person()
        assert who is not None
        wanted = GROUPS if who.is_staff else (PORTAL,)
        found = []
        for group in wanted:
            entries = [
                {"label": entry.label, "icon": entry.icon, "href": entry.href + opening_query(who, entry.href), "active": entry.href == place, **called(entry, waits)}
                for entry in self.entries
                if entry.group is group and (entry.access is None or who.may(entry.access, READ))
            ]
            if entries:
                found.append({"title": str(group.title), "entries": entries})
        return found


def called(entry: Entry, waits: Waiting) -> dict[str, Any]:
    """How many times the entry calls for work, and in which words."""
    count = getattr(waits, entry.calls) if entry.calls else 0
    words = {
        "": "",
        "alerts": ngettext("%(num)s alert", "%(num)s alerts", count),
        "files": ngettext("%(num)s file to validate", "%(num)s files to validate", count),
        "tasks": ngettext("%(num)s task due", "%(num)s tasks due", count),
        "matches": ngettext("%(num)s match to decide", "%(num)s matches to decide", count),
    }
    return {"count": count, "call": words[entry.calls]}


def opening_query(who: Person, place: str) -> str:
    """The query of the view that a person wants a list to open with."""
    chosen = who.preferences.get("defaults", {}).get(place)
    return next((f"?{view.query}" for view in who.views if view.id == chosen and view.query), "")


def menu_html(waits: Waiting = Waiting()) -> Markup:
    menu: Menu = current_app.extensions["cordee_menu"]
    return Markup(render_template("frame/menu.html", groups=menu.groups(menu.place(), waits)))  # noqa: S704 - our own template, escaped

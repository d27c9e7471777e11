"""The system's page: what runs, whether the database is the program's, how full the disk is, whether the mail leaves."""

from __future__ import annotations

from babel.units import format_unit
from flask import current_app
from flask_admin import BaseView
from flask_babel import get_locale

from app.extensions import db
from app.services import system
from app.views.console.desk import Guarded, console_page

STEPS = ("byte", "kilobyte", "megabyte", "gigabyte", "terabyte")


def size_words(size: int) -> str:
    """« 12,4 Go »: bytes in the reader's language and a unit that suits."""
    value, step = float(size), 0
    while value >= 1000 and step < len(STEPS) - 1:
        value, step = value / 1000, step + 1
    return format_unit(round(value, 1) if step else int(value), f"digital-{STEPS[step]}", "short", locale=str(get_locale()))


class SystemDesk(Guarded, BaseView):
    @console_page("/")
    def index(self) -> str:
        return self.render("console/system.html", **system.state(db.session()), size=size_words, mail_server=current_app.config["MAIL_SERVER"])

"""Flask-AppBuilder as this house uses it: its registry of views and its people and roles, without its own screens.

What is kept and what is not, and why: docs/decisions/0002-what-is-kept-of-flask-appbuilder.md.
"""

from __future__ import annotations

from typing import Any

from babel import Locale
from flask import g
from flask_appbuilder import AppBuilder
from flask_appbuilder.babel.manager import BabelManager
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_login import LoginManager

from app.permissions import Level, flask_appbuilder_roles
from app.services import passwords
from app.services.refusals import RuleBroken
from app.views.base.guards import person
from app.views.languages import choose_locale


class HouseSecurity(SecurityManager):
    """Flask-AppBuilder's people and roles, answering from the house's own table and cache."""

    def create_login_manager(self, app: Any) -> Any:
        """Made, for Flask-AppBuilder asks for it, but not hung on the application: who is signed in is not its question, and it
        would look for its own cookie at each page."""
        manager = LoginManager()
        app.login_manager = manager
        return manager

    def register_views(self) -> None:
        """None of its screens: ours stand behind our own guards."""

    @staticmethod
    def create_builtin_roles() -> dict[str, list[list[str]]]:
        return flask_appbuilder_roles()

    def reset_password(self, userid: int, password: str) -> None:
        """`flask fab reset-password` keeps the house's rules: no easy password, and every sign-in ends."""
        try:
            passwords.set_of(userid, password)
        except RuleBroken as refusal:
            raise SystemExit(str(refusal.sentence)) from refusal

    def has_access(self, permission_name: str, view_name: str) -> bool:
        who = person()
        level = Level.__members__.get(permission_name.removeprefix("can_").upper())
        return who is not None and level is not None and who.rights.get(view_name, Level.NONE) >= level

    @staticmethod
    def before_request() -> None:
        g.user = g.get("person")


class HouseBuilder(AppBuilder):
    """Registers views; brings no menu, no static folder and no address of its own."""

    def _add_global_static(self) -> None:
        pass

    def _add_admin_views(self) -> None:
        pass

    def _add_menu_permissions(self, update_perms: bool = False) -> None:
        pass


def chosen_language(manager: Any) -> Locale:
    return choose_locale()


BabelManager.get_locale = chosen_language  # Flask-AppBuilder binds Flask-Babel itself; the choice of language is ours

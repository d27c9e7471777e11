"""What every page of the console shares: its door, and the first page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app, render_template
from flask_admin import BaseView, expose
from flask_admin.contrib.sqla import ModelView
from wtforms import Form

from app.models import LOOK_UPS
from app.permissions import CONSOLE, READ, Level
from app.services import lookups
from app.views.base.guards import refusal


def console_page(url: str, needs: Level = READ, methods: tuple[str, ...] = ("GET",)) -> Callable:
    """Exposes a method of a console's view, for those who have `needs` on the console."""

    def decorate(method: Callable) -> Callable:
        method.asks = (CONSOLE, needs)  # type: ignore[attr-defined]
        return expose(url, methods=methods)(method)

    return decorate


class Guarded:
    """A view of Flask-Admin's behind the house's door: who is not signed in is sent to sign in, everybody else gets 403."""

    access = CONSOLE
    frame = "staff"

    def _handle_view(self, name: str, **values: Any) -> Any:
        method = getattr(type(self), name)
        return refusal(self.frame, *method.asks)

    def render(self, template: str, **values: Any) -> str:
        """In the house's frame: Flask-Admin's own values would cover the frame's, its theme the reader's light or dark."""
        return render_template(template, **values, **self._template_args, admin_view=self)  # type: ignore[attr-defined]

    def _run_view(self, method: Callable, *args: Any, **values: Any) -> Any:
        return method(self, *args, **values)


class ModelDesk(Guarded, ModelView):
    """A list of Flask-Admin's over one table, without its forms, exports and actions."""

    can_create = can_edit = can_delete = can_export = can_view_details = can_set_page_size = False
    create_view = edit_view = details_view = delete_view = action_view = export = ajax_lookup = ajax_update = None

    def scaffold_form(self) -> type[Form]:
        return Form


class ConsoleDesk(Guarded, BaseView):
    """The first page: what there is."""

    @console_page("/")
    def index(self) -> str:
        views = current_app.extensions["cordee_console"].values()
        tables = sorted((view.model.__tablename__, view.url) for view in views if getattr(view, "is_table", False))
        counts = lookups.counts()
        lists = [(row.plural, f"/console/lists/{row.__tablename__}/", counts.get(row.listed.name_of_list, 0)) for row in LOOK_UPS]
        return self.render("console/index.html", lists=lists, tables=tables)

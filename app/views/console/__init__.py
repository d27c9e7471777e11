"""The console: Flask-Admin at /console, for administrators, in the house's frame and behind the house's guards.

What stands here has no rule of the trade behind it: lists of values, the tables as they are (to be read only), the system's
state. Flask-Admin gives the plumbing of lists (filters, order, pages, cells that save by themselves); its screens, its forms
and its static files stay out, see docs/decisions/0010.
"""

from __future__ import annotations

from flask import Flask
from flask_admin import Admin

from app.extensions import db
from app.models import LOOK_UPS
from app.views.console.desk import ConsoleDesk
from app.views.console.lists import ListDesk
from app.views.console.system import SystemDesk
from app.views.console.tables import TableDesk, readable_tables


def mount(app: Flask) -> None:
    """Opens the console's addresses; its views join the house's permission tests by `asks`, like every other view."""
    admin = Admin(app, name="console", url="/console", index_view=ConsoleDesk(endpoint="console", url="/console"))
    for row in LOOK_UPS:
        admin.add_view(ListDesk(row, db, endpoint=f"console_{row.__tablename__}", url=f"/console/lists/{row.__tablename__}"))
    for model in readable_tables():
        admin.add_view(TableDesk(model, db, endpoint=f"console_table_{model.__tablename__}", url=f"/console/tables/{model.__tablename__}"))
    admin.add_view(SystemDesk(endpoint="console_system", url="/console/system"))
    app.extensions["cordee_console"] = {view.endpoint: view for view in admin._views}

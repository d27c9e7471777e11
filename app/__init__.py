"""Cordée: the back office and portal of a distributor network. create_app() builds the house, in reading order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import config
from app.connectors import files, mail, registers, scanner, signature
from app.extensions import csrf, db, mail as mailer, migrate, reading_connections
from app.models import Model, recorder, walls
from app.services import alerts, housekeeping, mails, reminders, watch
from app.views import console, frame, languages, register
from app.views.builder import HouseBuilder, HouseSecurity
from app.views.menu import Menu

__all__ = ["Model", "alerts", "create_app", "housekeeping", "mails", "recorder", "reminders", "walls", "watch"]


def create_app(settings: type[config.Config] | None = None, **changes: Any) -> Flask:
    """The application. `settings` is a class of config.py, `changes` single settings; raises RuntimeError without a key."""
    app = Flask(__name__, static_folder="static", instance_path=str(config.FOLDER))
    app.config.from_object(settings or config.chosen())
    app.config.from_mapping(changes)
    if not app.config["SECRET_KEY"]:
        raise RuntimeError("Set SECRET_KEY to a long random text before starting Cordée (README.md, Settings).")
    Path(app.config["INSTANCE"]).mkdir(parents=True, exist_ok=True)
    app.url_map.converters["id"] = frame.RecordNumber
    app.url_map.strict_slashes = False
    app.ensure_sync = lambda function: function  # type: ignore[method-assign] # nothing here is a coroutine, and Flask would ask each time

    if app.config["TRUSTED_PROXIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=app.config["TRUSTED_PROXIES"], x_proto=app.config["TRUSTED_PROXIES"])  # type: ignore[method-assign]
    open_connectors(app)
    if (url := app.config["SQLALCHEMY_DATABASE_URI"]).startswith("postgresql"):
        app.config["SQLALCHEMY_BINDS"] = reading_connections(url)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(config.ROOT / "migrations"))
    mailer.init_app(app)
    csrf.init_app(app)

    menu = app.extensions["cordee_menu"] = Menu()
    with app.app_context():
        frame.bind(app)
        builder = HouseBuilder(app, db.session, security_manager_class=HouseSecurity)
        languages.bind(app)
        register(builder, menu)
        console.mount(app)
    add_commands(app)
    return app


def open_connectors(app: Flask) -> None:
    """Chooses, for each question to the outside, who answers it."""
    registers.choose(app.config["REGISTERS"], app.config)
    files.choose(*(app.config[name] for name in ("FILE_FOLDER", "FILE_STORE", "S3_ENDPOINT", "S3_REGION")))
    mail.choose(app.config["MAIL_SERVER"], app.config["MAIL_FOLDER"], app.config["MAIL_DEFAULT_SENDER"])
    signature.choose(app.config)
    scanner.choose(app.config["CLAMD"])


from app.cli import add_commands  # noqa: E402 - its commands import the house

"""Which language a page is in: the person's choice, then the browser's, then French."""

from __future__ import annotations

from flask import current_app, g, has_request_context, request, session


def choose_locale() -> str:
    """The locale that dates and amounts are written in: the language's own, such as en_GB for English."""
    return current_app.config["LANGUAGES"][choose_language()]["locale"]


def choose_language() -> str:
    languages = current_app.config["LANGUAGES"]
    default = current_app.config["BABEL_DEFAULT_LOCALE"]
    if not has_request_context():
        return default
    who = g.get("person")
    for wanted in (session.get("language"), who.language if who else None):
        if wanted in languages:
            return wanted
    return request.accept_languages.best_match(list(languages), default) or default

"""Which language a page is in: the person's choice, then the browser's, then French."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from babel import Locale
from flask import Flask, current_app, g, has_request_context, request, session
from flask_babel import Domain, get_locale, get_translations


def choose_locale() -> str:
    """The locale that dates and amounts are written in: the language's own, such as en_GB for English."""
    return current_app.config["LANGUAGES"][choose_language()]["locale"]


def choose_language() -> str:
    languages = current_app.config["LANGUAGES"]
    default = current_app.config["BABEL_DEFAULT_LOCALE"]
    if not has_request_context():
        return default
    who = g.get("person")
    for wanted in (who.language if who else None, session.get("language")):
        if wanted in languages:
            return wanted
    return request.accept_languages.best_match(list(languages), default) or default


class RememberingDomain(Domain):
    """Flask-Babel's sentences, each looked up once per language: a form asks for some thirty, always the same."""

    def gettext(self, string: str, **variables: Any) -> str:
        found = translated(string, get_locale())
        return found % variables if variables else found


def bind(app: Flask) -> None:
    """Gives code and templates a gettext that remembers: a list page asks for some forty sentences, always the same."""
    babel = app.extensions["babel"].instance
    babel.domain_instance = RememberingDomain(domain=babel.domain)
    app.jinja_env.install_gettext_callables(gettext=sentence, ngettext=counted, newstyle=True)  # type: ignore[attr-defined]


def sentence(text: str) -> str:
    return translated(text, get_locale())


@lru_cache(maxsize=20_000)
def translated(text: str, locale: Locale) -> str:
    return get_translations().ugettext(text)


def counted(one: str, many: str, number: int) -> str:
    return get_translations().ungettext(one, many, number)

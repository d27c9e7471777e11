"""Which language a page is in: the person's choice, then the browser's, then French. And the words themselves: the program's
catalogues, this house's own wording over them, both noticed as they change."""

from __future__ import annotations

import io
import time
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.support import Translations
from flask import Flask, current_app, g, has_request_context, request, session
from flask_babel import Domain, format_decimal, get_locale, get_translations
from sqlalchemy import select

from app.extensions import house_engine, reads_only
from app.models import RightsVersion, Translation
from app.models.base import IN_DATA
from app.services import custom, lookups, words
from app.views.base.remembered import forget_words, remembers_words
from app.views.pseudo import pseudo

FORGOTTEN_AGAIN_AFTER = 20.0  # seconds: longer than any page takes to be made
LOOKED_AGAIN_AFTER = 2.0  # seconds, where nobody is signed in whose row would tell


def in_order(kept: dict[str, dict[str, Any]]) -> list[Any]:
    """Dictionaries as lists, whose order counts."""
    return [(name, list(values.items())) for name, values in kept.items()]


def choose_locale() -> Locale:
    """The locale that dates and amounts are written in: the language's own, such as en_GB for English."""
    return locale_named(current_app.config["LANGUAGES"][choose_language()]["locale"])


locale_named = cache(Locale.parse)  # Babel would read the name again for each page


def choose_language() -> str:
    languages = current_app.config["LANGUAGES"]
    default = current_app.config["BABEL_DEFAULT_LOCALE"]
    if not has_request_context():
        return default
    who, guest = g.get("person"), g.get("guest")
    for wanted in (who.language if who else None, session.get("language"), guest.language if guest else None):
        if wanted in languages:
            return wanted
    return request.accept_languages.best_match(list(languages), default) or default


class HouseWords(Domain):
    """Flask-Babel's sentences, each looked up once per language, with the house's own wording over the catalogue's."""

    def __init__(self, app: Flask, domain: str) -> None:
        super().__init__(domain=domain)
        self.app = app
        self.number: int | None = None  # of the database's version under which the own wording was read
        self.looked_at, self.moments, self.again_at = 0.0, (), 0.0
        self.own: dict[str, dict[str, list[str]]] = {}

    def gettext(self, string: str, **variables: Any) -> str:
        found = translated(string, get_locale())
        return found % variables if variables else found

    def ngettext(self, singular: str, plural: str, num: int, **variables: Any) -> str:
        return counted(singular, plural, num) % ({"num": num} | variables)

    def notice(self, number: int | None) -> None:
        """Called as a request begins, with the version that the person's row brought: reads again what has changed."""
        if number is None and time.monotonic() - self.looked_at > LOOKED_AGAIN_AFTER:
            number = self.ask(select(RightsVersion.number).where(RightsVersion.id == 1))[0][0]
        self.looked_at = time.monotonic() if number is not None else self.looked_at
        moments = tuple(path.stat().st_mtime_ns for path in self.catalogues()) if self.app.config["LIVE_CATALOGUES"] else ()
        if number is not None and number != self.number:
            found: dict[str, dict[str, list[str]]] = {}
            for language, source, texts in self.ask(select(Translation.language, Translation.source, Translation.texts)):
                found.setdefault(language, {})[source] = texts
            if found != self.own or self.number is None:
                self.own = found
                self.forget()
            self.notice_lists()
            self.number = number
        if moments != self.moments:
            self.moments = moments
            self.forget()
        if self.again_at and time.monotonic() > self.again_at:
            self.forget()
            self.again_at = 0.0

    def notice_lists(self) -> None:
        """The administrators' lists and fields, which stand in forms and tables like the words of a catalogue."""
        fields, options = custom.as_kept(self.ask(custom.ALL))
        lists = lookups.as_kept(self.ask(lookups.ALL)) | options
        kept = self.app.extensions
        if in_order(lists) != in_order(kept.get("cordee_lists", {})) or in_order(fields) != in_order(kept.get("cordee_fields", {})):
            kept["cordee_lists"], kept["cordee_fields"] = lists, fields
            g.pop("kept_fields", None)
            self.forget()

    def forget(self) -> None:
        """Empties what holds words; and once more after a while, for what a page that was being made has put there meanwhile."""
        self.again_at = time.monotonic() + FORGOTTEN_AGAIN_AFTER
        self.cache.clear()
        forget_words()
        self.app.extensions["cordee_fragments"].clear()

    @staticmethod
    def ask(statement: Any) -> list[Any]:
        before = reads_only.set(True)
        try:
            with house_engine().connect() as connection:
                return list(connection.execute(statement))
        finally:
            reads_only.reset(before)

    def catalogues(self) -> list[Path]:
        return [words.FOLDER / language / "LC_MESSAGES" / "messages.po" for language in self.app.config["LANGUAGES"]]

    def get_translations(self) -> Any:
        locale = get_locale()
        if locale is None:
            return super().get_translations()
        key = (str(locale), self.domain[0])
        if key not in self.cache:
            self.cache[key] = self.made(locale.language)
        return self.cache[key]

    def made(self, language: str) -> Translations:
        """The catalogue of a language, as compiled or, where files are edited under a running house, from the .po itself."""
        path = words.FOLDER / language / "LC_MESSAGES" / "messages.po"
        compiled = path.with_suffix(".mo")
        live = self.app.config["LIVE_CATALOGUES"] or not compiled.exists()
        made = Translations(io.BytesIO(words.book_of(language).to_binary() if live else compiled.read_bytes()))
        for sentence, texts in self.own.get(language, {}).items():
            if len(texts) == 1:
                made._catalog[sentence] = texts[0]
            else:
                made._catalog |= {(sentence, number): text for number, text in enumerate(texts)}
        return made


def bind(app: Flask) -> None:
    """Gives code and templates a gettext that remembers: a list page asks for some forty sentences, always the same."""
    babel = app.extensions["babel"].instance
    babel.domain_instance = app.extensions["cordee_words"] = HouseWords(app, babel.domain)
    app.jinja_env.install_gettext_callables(gettext=sentence, ngettext=counted, newstyle=True)  # type: ignore[attr-defined]


def sentence(text: str) -> str:
    return translated(text, get_locale())


@remembers_words
@lru_cache(maxsize=20_000)
def translated(text: str, locale: Locale) -> str:
    found = get_translations().ugettext(text)
    return pseudo(found) if current_app.config["PSEUDO"] and not text.startswith(IN_DATA) else found


def counted(one: str, many: str, number: int) -> str:
    found = get_translations().ungettext(one, many, number)
    if isinstance(number, int) and number >= 1_000:  # « 1 453 fiches »: grouped as the reader's language groups
        found = found.replace("%(num)s", format_decimal(number))
    return pseudo(found) if current_app.config["PSEUDO"] else found

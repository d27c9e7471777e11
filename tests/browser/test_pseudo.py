"""Every page in the pseudo-language: what stands on it without brackets, and is nobody's data, has escaped translation."""

from __future__ import annotations

import re
from typing import Any

import pytest
from babel.dates import get_day_names, get_month_names
from sqlalchemy import JSON, String, Text, select

from app.models import ORIAS_CATEGORIES
from app.models.lookups import territories
from app.models.scope import scoped_classes
from app.services import words
from app.views.pseudo import CLOSE, OPEN
from tests.browser.test_every_page import pages_of, sign_in
from tests.trust.world import build

# Names that are the same in every language: of formats, of keys, of the program and of languages themselves.
NAMES = {"CSV", "Excel", "FR", "EN", "Français", "English", "Cordée", "Maison", "EUR", "PDF", "po", "kB", "Ko", "JSON", "RIB", *ORIAS_CATEGORIES}
LOOK = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const holder = walker.currentNode.parentElement;
    if (!holder.closest("script, style, code, kbd, textarea, .avatar, [translate=no], [lang]:not(html), option[value=fr], option[value=en]")) found.push(walker.currentNode.textContent);
  }
  document.querySelectorAll("[aria-label], [title], [placeholder], img[alt]").forEach((each) => {
    if (!each.closest("[lang]:not(html)")) for (const name of ["aria-label", "title", "placeholder", "alt"]) if (each.getAttribute(name)) found.push(each.getAttribute(name));
  });
  found.push(document.title);
  return found;
}"""


def outside(text: str) -> str:
    """What stands outside the brackets, which may lie in one another."""
    depth, left = 0, []
    for letter in text:
        depth += (letter == OPEN) - (letter == CLOSE)
        if depth == 0 and letter != CLOSE:
            left.append(letter)
    return "".join(left)


def words_in(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{2,}", text))


def words_of_data(cast: Any) -> set[str]:
    """Every word that the database holds: names, towns, sentences that people wrote."""
    found: set[str] = set()

    def look(session: Any) -> None:
        for entity in scoped_classes():
            for column in entity.__table__.columns:
                if isinstance(column.type, String | Text | JSON):
                    for value in session.scalars(select(column)):
                        found.update(words_in(str(value or "")))

    cast.read(look)
    return found


def words_of_calendars() -> set[str]:
    return {
        word
        for language in ("fr", "en")
        for names in (get_month_names("abbreviated", locale=language), get_month_names("wide", locale=language), get_day_names("wide", locale=language))
        for name in names.values()
        for word in words_in(name)
    } | {"er", "Sept", "am", "pm"}


def words_of_babel() -> set[str]:
    """What Babel writes in the reader's language: countries, and the sizes of the system's page."""
    countries = {word for language in ("fr", "en") for name in territories(language).values() for word in words_in(name)}
    return countries | {"ko", "Mo", "Go", "To", "kB", "MB", "GB", "TB"}


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("role", ["administrator", "owner", None])
def test_no_text_escapes_the_pseudo_language(house, cast, tab, monkeypatch, role):
    ours, _theirs, shared = build(cast)
    browser = tab("fr", 1280)
    if role:
        user = cast.staff(role, language="fr") if role == "administrator" else cast.member(ours.partner, role, language="fr")
        sign_in(browser, "/login" if role == "administrator" else "/partner/signin", user.email)
    monkeypatch.setitem(house.config, "PSEUDO", True)
    house.extensions["cordee_words"].forget()
    paths = pages_of(house, role, ours.ids | shared) if role else ["/login", "/partner/signin", "/partner/register", "/partner/confirm/nothing", "/nothing-here"]
    if role == "administrator":
        paths += [
            "/translations/fr/",
            f"/translations/fr/{words.key_of('Partners')}",
            "/charts/clients-by-month",
            "/search/?q=a",
            "/contracts/?q=zzzz",
            "/partners/?status=active",
        ]
    known, leaks, seen = words_of_data(cast) | words_of_calendars() | words_of_babel() | NAMES, {}, 0
    for path in paths:
        browser.open(path)
        texts = browser.page.evaluate(LOOK)
        seen += len(texts)
        escaped = {text.strip()[:80] for text in texts if words_in(outside(text)) - known}
        if escaped:
            leaks[path] = sorted(escaped)
        assert any(OPEN in text for text in texts), f"{path} is not in the pseudo-language"
    monkeypatch.undo()
    house.extensions["cordee_words"].forget()
    print(f"\n{role}: {len(paths)} pages, {seen} texts, leaks: {sum(map(len, leaks.values()))}")
    assert leaks == {}, "\n".join(f"{path}: {texts}" for path, texts in leaks.items())

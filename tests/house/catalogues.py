"""Keeps the catalogues: `--update` merges new strings and compiles; without it, says what is wrong and exits with 1.

A catalogue without its header counts as fuzzy, and compiling skips it silently: so the compiled file is checked, not the
command's word for it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polib
from babel.messages.plurals import get_plural

import config
from app.services import words

FOLDER = Path(__file__).resolve().parents[2] / "translations"
LANGUAGES = tuple(config.Config.LANGUAGES)


def catalogue(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def update() -> None:
    """Merges the template into each language and compiles it. English needs no text: its source is the sentence."""
    template = polib.pofile(str(FOLDER / "messages.pot"))
    for language in LANGUAGES:
        path = catalogue(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        book = polib.pofile(str(path), wrapwidth=0) if path.exists() else polib.POFile(wrapwidth=0)
        book.metadata = {
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Transfer-Encoding": "8bit",
            "Language": language,
            "Plural-Forms": get_plural(language).plural_forms,
            "MIME-Version": "1.0",
        }
        book.header = "Cordée"
        book.merge(template)
        for entry in [entry for entry in book if entry.obsolete]:
            book.remove(entry)
        for entry in book:
            if "fuzzy" in entry.flags and not entry.msgstr:
                entry.flags.remove("fuzzy")
        book.save(str(path))
        book.save_as_mofile(str(path.with_suffix(".mo")))


def faults() -> list[str]:
    """Everything that a reader would stumble over."""
    found: list[str] = []
    template = polib.pofile(str(FOLDER / "messages.pot"))
    for language in LANGUAGES:
        book = {entry.msgid: entry for entry in polib.pofile(str(catalogue(language)))}
        compiled = {entry.msgid: entry for entry in polib.mofile(str(catalogue(language).with_suffix(".mo")))}
        for entry in template:
            if entry.msgid not in book:
                found.append(f"{language}: not in the catalogue: {entry.msgid!r}")
            elif language == "fr":
                found += faults_of(book[entry.msgid], compiled)
    return found


def faults_of(entry: polib.POEntry, compiled: dict[str, polib.MOEntry]) -> list[str]:
    texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
    if "fuzzy" in entry.flags or not all(texts):
        return [f"fr: missing or fuzzy: {entry.msgid!r}"]
    found = [] if entry.msgid in compiled else [f"fr: not in the compiled file: {entry.msgid!r}"]
    return found + [f"fr: {mark}: {text!r}" for text in texts for mark in words.faults_of("fr", entry.msgid, [text], entry.msgid_plural)]


if __name__ == "__main__":
    if "--update" in sys.argv:
        update()
    wrong = faults()
    print("\n".join(wrong) or "The catalogues are complete.")
    sys.exit(bool(wrong))

"""Catalogues: what the program brings as .po files, and what this house's translators have put in its place."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import polib
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

import config
from app.models import Translation
from app.models.base import IN_DATA
from app.services.refusals import RuleBroken

FOLDER = config.ROOT / "translations"
TAG = re.compile(r"<[\w/!?]")
MARKUP = re.compile(r"[<>\"]|&\w+;|&#")
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%%")
LARGEST = 4 * 1024 * 1024  # bytes of a catalogue that is handed in
LONGEST = 5_000  # characters of one text
STAMP = "cordee "  # in a comment of a catalogue that goes out: how the sentence stood then
OURS = 0.5  # the share of sentences that must be this program's for a file to be one of its catalogues

# What a reader stumbles over, by its mark. tests/house/catalogues.py asks the same of the catalogues in the repository.
FAULTS = {
    "placeholders": _("The placeholders must be the same as in the source: %(names)s."),
    "markup": _("A translation holds no markup and no straight quotation marks that its source does not."),
    "space": _("French puts a no-break space before : ; ? and !"),
    "quotes": _("French quotation marks are « and », with a no-break space inside."),
    "apostrophe": _("Please use the curved apostrophe: ’"),
    "empty": _("Please fill in every form."),
    "long": _("This text is too long."),
}


OVERTAKEN = _("somebody has changed this sentence here since you downloaded the catalogue.")


def key_of(source: str) -> str:
    return hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


def mark_of(texts: list[str], unsure: bool) -> str:
    return key_of(f"{unsure}\x00" + "\x00".join(texts))[:16]


def faults_of(language: str, source: str, texts: Iterable[str], plural: str = "") -> list[str]:
    """The marks of FAULTS that some texts deserve as a translation of a sentence."""
    found = set()
    wanted = {tuple(sorted(PLACEHOLDER.findall(each))) for each in (source, plural or source)}
    for text in texts:
        if tuple(sorted(PLACEHOLDER.findall(text))) not in wanted or (lone_signs(text) and not lone_signs(source)):
            found.add("placeholders")
        if any(sorted(signs.findall(text)) != sorted(signs.findall(source)) for signs in (MARKUP, TAG)):  # templates take a translation for HTML
            found.add("markup")
        if len(text) > LONGEST:
            found.add("long")
        if language == "fr":
            found |= french_faults(text)
    return [mark for mark in FAULTS if mark in found]


def lone_signs(text: str) -> bool:
    """Whether a percent sign stands outside the placeholders: Python would take it for one of its own, and the page would break
    or swell. Found without formatting anything, for %9999999s formats too."""
    return "%" in PLACEHOLDER.sub("", text)


def french_faults(text: str) -> set[str]:
    found = set()
    if re.search(r"(?<![\u00a0\u202f?!:])[:;?!](?=\s|$)", re.sub(r"https?:", "", text)):
        found.add("space")
    if re.search(r"[\"“”]|« (?!%)|\w »", text) or re.search(r"«(?!\u00a0)|(?<!\u00a0)»", text):
        found.add("quotes")
    if "'" in text:
        found.add("apostrophe")
    return found


def corrected(text: str) -> str:
    """French punctuation put right: spaces before : ; ? !, quotation marks, apostrophes."""
    text = text.replace("'", "’")
    text = re.sub(r"[“\"]([^”\"]*)[”\"]", r"«\1»", text)
    text = re.sub(r"«[ \u00a0\u202f]*", "«\u00a0", re.sub(r"[ \u00a0\u202f]*»", "\u00a0»", text))
    return re.sub(r"(?<=[^\s:;?!\u00a0\u202f/])[ ]?([:;?!])(?=\s|$)", "\u00a0\\1", text)


# --- the catalogue of a language ------------------------------------------------------------------


@dataclass
class Entry:
    """A sentence of the program, its translation here, and how it stands."""

    language: str
    key: str
    source: str
    plural: str
    shipped: list[str]
    texts: list[str]
    places: list[tuple[str, int]]
    unsure: bool = False
    record_id: int = 0
    kind: str = ""  # of a name held in data: what it names

    @property
    def said(self) -> str:
        """The source as people read it."""
        return self.source.removeprefix(IN_DATA)

    @property
    def changed(self) -> bool:
        return self.texts != self.shipped

    @cached_property
    def faults(self) -> list[str]:
        """Looked for only where somebody asks: a catalogue has a thousand sentences."""
        return faults_of(self.language, self.said, [text for text in self.texts if text], self.plural)

    @property
    def missing(self) -> bool:
        return not all(self.texts)

    @property
    def mark(self) -> str:
        """Of the wording as it stands: what was read before somebody changed it has another."""
        return mark_of(self.texts, self.unsure)


@lru_cache(maxsize=20)
def book_at(path: str, moment: int) -> polib.POFile:
    return polib.pofile(path, wrapwidth=0)


def book_of(language: str) -> polib.POFile:
    """A shipped catalogue, read again when the file has changed."""
    path = FOLDER / language / "LC_MESSAGES" / "messages.po"
    return book_at(str(path), path.stat().st_mtime_ns)


def is_source(language: str) -> bool:
    """The language that the program is written in: its sentences need no text."""
    return language == "en"


def shipped_texts(language: str, entry: polib.POEntry) -> list[str]:
    if entry.msgid_plural:
        source = [entry.msgid, entry.msgid_plural]
        texts = [text for _number, text in sorted(entry.msgstr_plural.items())]
        return source if is_source(language) and not any(texts) else texts
    return [entry.msgid if is_source(language) and not entry.msgstr else entry.msgstr]


def wordings(session: Session) -> list[Translation]:
    """This house's own wording in every language, the latest first."""
    return list(session.scalars(select(Translation).order_by(Translation.updated_at.desc(), Translation.id.desc())))


def entries(language: str, wordings: Iterable[Translation]) -> list[Entry]:
    """Every sentence of the program in one language, in the order of the source files."""
    own = {each.key: each for each in wordings if each.language == language}
    found = []
    for each in book_of(language):
        key, shipped = key_of(each.msgid), shipped_texts(language, each)
        row = own.get(key)
        texts = list(row.texts) if row else shipped
        places = [(path, int(line or 0)) for path, line in each.occurrences]
        unsure = row.unsure if row else "fuzzy" in each.flags
        found.append(Entry(language, key, each.msgid, each.msgid_plural, shipped, texts, places, unsure, row.id if row else 0))
    return found


@dataclass(frozen=True)
class Progress:
    """How far a catalogue is."""

    total: int
    missing: int
    unsure: int
    changed: int
    faulty: int

    @property
    def percent(self) -> int:
        return 100 * (self.total - self.missing - self.unsure) // (self.total or 1)


def progress(found: list[Entry]) -> Progress:
    return Progress(
        len(found), sum(each.missing for each in found), sum(each.unsure for each in found), sum(each.changed for each in found), sum(bool(each.faults) for each in found)
    )


# --- changing it ----------------------------------------------------------------------------------


def save(session: Session, language: str, entry: Entry, texts: list[str], unsure: bool) -> None:
    """Puts the house's text in place of the catalogue's; the same text as the catalogue's takes it away again. Raises RuleBroken."""
    refuse_faults(language, entry, texts)
    row = session.scalar(select(Translation).where(Translation.language == language, Translation.key == entry.key))
    if row is not None and texts == entry.shipped and not unsure:
        session.delete(row)
    elif row is not None:
        row.texts, row.unsure = texts, unsure
    elif texts != entry.shipped or unsure:
        session.add(Translation(language=language, key=entry.key, source=entry.source, texts=texts, unsure=unsure))


def restore(session: Session, language: str, entry: Entry) -> None:
    """Takes the house's wording of a sentence away."""
    row = session.scalar(select(Translation).where(Translation.language == language, Translation.key == entry.key))
    if row is not None:
        session.delete(row)


def refuse_faults(language: str, entry: Entry, texts: list[str]) -> None:
    if not all(text.strip() for text in texts) or len(texts) != len(entry.shipped):
        raise RuleBroken(FAULTS["empty"], "texts")
    marks = faults_of(language, entry.said, texts, entry.plural)
    if marks:
        raise RuleBroken(sentence_of(marks[0], entry.said, entry.plural), "texts")


def sentence_of(mark: str, source: str, plural: str = "") -> str:
    names = sorted({name for name in PLACEHOLDER.findall(f"{source} {plural}") if name})
    return str(FAULTS[mark]) % {"names": ", ".join(f"%({name})s" for name in names) or "—"} if mark == "placeholders" else str(FAULTS[mark])


def download(found: list[Entry], language: str) -> str:
    """The catalogue as it stands here, as a .po file for the tools that translators use."""
    shipped = book_of(language)
    book = polib.POFile(wrapwidth=0)
    book.header, book.metadata = "Cordée", dict(shipped.metadata)
    for each in found:
        entry = polib.POEntry(
            msgid=each.said,
            msgctxt=IN_DATA[:-1] if each.kind else None,
            occurrences=[(path, str(line)) for path, line in each.places],
            flags=["fuzzy"] if each.unsure else [],
        )
        if each.plural:
            entry.msgid_plural, entry.msgstr_plural = each.plural, dict(enumerate(each.texts))
        else:
            entry.msgstr = each.texts[0]
        entry.comment = f"{STAMP}{each.mark}"
        book.append(entry)
    return str(book)


def read_upload(content: bytes, language: str, found: list[Entry]) -> list[tuple[Entry, list[str], bool]]:
    """The sentences that a handed-in .po would change; raises RuleBroken, and names what is wrong, unless all of it is good."""
    if len(content) > LARGEST:
        raise RuleBroken(_("This file is too large: the limit is %(limit)s MB.", limit=LARGEST // 1024 // 1024), "file")
    try:
        book = polib.pofile("\n" + content.decode("utf-8-sig"), wrapwidth=0)  # never the name of a file
    except (OSError, UnicodeDecodeError, ValueError, IndexError) as refusal:
        raise RuleBroken(_("This is not a .po file that can be read. It must be in UTF-8."), "file") from refusal
    known = {each.source: each for each in found}

    def source_of(each: polib.POEntry) -> str:
        return f"{each.msgctxt}\x04{each.msgid}" if each.msgctxt else each.msgid

    sent = [each for each in book if not each.obsolete and (each.msgstr or any(each.msgstr_plural.values()))]
    if not sent or sum(source_of(each) in known for each in sent) < OURS * len(sent):
        raise RuleBroken(_("This is not a catalogue of Cordée: it holds the sentences of another program."), "file")
    declared = (book.metadata.get("Language") or language).split("_")[0]
    if declared != language.split("_")[0]:
        raise RuleBroken(_("This catalogue is for another language: %(language)s.", language=declared), "file")
    changes, wrong = [], []
    for each in sent:
        entry = known.get(source_of(each))
        if entry is None:
            continue
        texts = [text for _number, text in sorted(each.msgstr_plural.items())] if each.msgid_plural else [each.msgstr]
        unsure = "fuzzy" in each.flags
        stamp = each.comment.removeprefix(STAMP).strip() if each.comment.startswith(STAMP) else ""
        if (texts == entry.texts and unsure == entry.unsure) or stamp == mark_of(texts, unsure):
            continue  # as it stands, or left alone by whoever hands it in
        if stamp and stamp != entry.mark:
            wrong.append(f"« {each.msgid[:80]} »: {OVERTAKEN}")
            continue
        try:
            refuse_faults(language, entry, texts)
        except RuleBroken as refusal:
            wrong.append(f"« {each.msgid[:80]} »: {refusal.sentence}")
        else:
            changes.append((entry, texts, unsure))
    if wrong:
        raise RuleBroken("\n".join(wrong[:10]), "file")
    return changes


def lines_around(place: tuple[str, int], around: int = 3) -> list[tuple[int, str, bool]]:
    """The lines of a source file around a sentence: (number, text, is the one). None for a file that is not of the program."""
    path = (config.ROOT / place[0]).resolve()
    if not path.is_relative_to(config.ROOT / "app") or not path.is_file() or path.suffix not in (".py", ".html", ".txt"):
        return []
    lines = Path(path).read_text().splitlines()
    first = max(1, place[1] - around)
    return [(number, lines[number - 1], number == place[1]) for number in range(first, min(len(lines), place[1] + around) + 1)]

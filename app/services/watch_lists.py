"""Lists that people and companies are screened against, read from files in the format of the Treasury's register of asset freezes
(« Registre national des gels », JSON): a date, and entries with a name, first names, aliases, dates of birth, reasons."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, insert, select

from app.extensions import db
from app.models import ListKind, WatchEntry, WatchList, fold, now, today
from app.models.base import encodable
from app.services import jobs
from app.services.refusals import RuleBroken

LARGEST = 40 * 1024 * 1024  # the register stood at 17 MB at the end of 2025
PERSON = "personne physique"
AT_ONCE = 1_000

# What is shown of an entry beside its name: the register's field, the part of its value, and what it is called here.
FACTS = {
    "NATIONALITE": ("Pays", "nationality"),
    "TITRE": ("Titre", "office"),
    "LIEU_DE_NAISSANCE": ("Lieu", "birth_place"),
    "MOTIFS": ("Motifs", "reasons"),
    "FONDEMENT_JURIDIQUE": ("FondementJuridiqueLabel", "legal_basis"),
    "REFERENCE_UE": ("ReferenceUe", "eu_reference"),
    "REFERENCE_ONU": ("ReferenceOnu", "un_reference"),
}
FACT_LENGTH = 1_000


def plain(name: str) -> str:
    """A name as it is compared: folded, letters, digits and single spaces only. Characters that nobody sees are taken out first, for
    some of them would be folded into letters."""
    seen = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    return " ".join(re.sub(r"[^a-z0-9]+", " ", fold(seen)).split())


def newest(kind: ListKind) -> WatchList | None:
    return db.session.scalar(select(WatchList).where(WatchList.kind == kind).order_by(WatchList.id.desc()).limit(1))


def loaded() -> list[WatchList]:
    """Every list that was loaded, the latest first."""
    return list(db.session.scalars(select(WatchList).order_by(WatchList.id.desc()).limit(50)))


def load(kind: ListKind, filename: str, content: bytes, by: str, smaller_too: bool = False) -> WatchList:
    """Reads a file and puts it in the place of the list before: read() and put() in one."""
    return put(kind, filename, read(content), by, smaller_too)


def put(kind: ListKind, filename: str, found: Read, by: str, smaller_too: bool = False) -> WatchList:
    """Puts a list in the place of the one before, and has every partner screened anew. Raises RuleBroken (field "file"), and then
    nothing has changed: for an older list, the same again, or one with less than half the entries of the one before, unless
    `smaller_too`."""
    digest, published, entries = found
    before = newest(kind)
    if before is not None and before.digest == digest:
        raise RuleBroken(_("This very list has been loaded already."), "file")
    if before is not None and published < before.published_on:
        raise RuleBroken(_("This list is older than the one in use."), "file")
    if before is not None and len(entries) * 2 < before.entries and not smaller_too:
        raise RuleBroken(
            _("This list holds %(count)s entries where the one in use holds %(before)s. Tick the box if that is right.", count=len(entries), before=before.entries),
            "smaller_too",
        )
    row = WatchList(kind=kind, filename=filename[-200:], digest=digest, published_on=published, entries=len(entries), by=by)
    db.session.add(row)
    db.session.flush()
    db.session.execute(delete(WatchEntry).where(WatchEntry.kind == kind).execution_options(outside_walls=True))
    moment = now()
    columns = [{"kind": kind, "created_at": moment, "updated_at": moment, "version": 1, **entry} for entry in entries.values()]
    for start in range(0, len(columns), AT_ONCE):
        db.session.execute(insert(WatchEntry).execution_options(outside_walls=True), columns[start : start + AT_ONCE])
    jobs.enqueue("screen_all", {"list": str(kind.value)})
    return row


class Read(NamedTuple):
    """A list as a file holds it: the file's digest, the day of publication, the entries by their reference."""

    digest: str
    published: date
    entries: dict[str, dict[str, Any]]


def read(content: bytes) -> Read:
    """Reads a file; it may take seconds, in which no transaction should be open. Raises RuleBroken (field "file")."""
    no_list = RuleBroken(_("This is not a list in the format of the register of asset freezes (JSON)."), "file")
    if len(content) > LARGEST:
        raise RuleBroken(_("This file is too large: the limit is %(limit)s MB.", limit=LARGEST // 1024 // 1024), "file")
    try:
        publication = json.loads(content.decode("utf-8-sig"))["Publications"]
        published = datetime.fromisoformat(publication["DatePublication"]).date()
        details = publication["PublicationDetail"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise no_list from None
    if not isinstance(details, list) or not details:
        raise no_list
    if published > today() + timedelta(days=1):
        raise RuleBroken(_("This list is dated %(day)s, which is yet to come.", day=published.isoformat()), "file")
    entries: dict[str, dict[str, Any]] = {}
    for number, detail in enumerate(details, 1):
        try:
            entry = entry_of(detail)
        except (KeyError, TypeError, AttributeError, ValueError):
            raise RuleBroken(_("Entry %(number)s of the file cannot be read. Nothing has been loaded.", number=number), "file") from None
        if entry["reference"] in entries:
            raise RuleBroken(
                _("Entry %(number)s has the same reference as another: %(reference)s. Nothing has been loaded.", number=number, reference=entry["reference"]), "file"
            )
        entries[entry["reference"]] = entry
    return Read(hashlib.sha256(content).hexdigest(), published, entries)


def entry_of(detail: dict[str, Any]) -> dict[str, Any]:
    """One entry of the register as a row of ours; raises KeyError, TypeError or ValueError for anything else."""
    reference, name = text_of(detail["IdRegistre"]), text_of(detail["Nom"])
    if not reference or not plain(name):
        raise ValueError("an entry has a reference and a name")
    fields = [(each["TypeChamp"], value) for each in detail.get("RegistreDetail") or [] for value in each.get("Valeur") or []]
    first_names = [text_of(value.get("Prenom")) for kind, value in fields if kind == "PRENOM"]
    whole = [f"{first} {name}" for first in first_names if first] or [name]
    aliases = [text_of(value.get("Alias")) for kind, value in fields if kind == "ALIAS"]
    names = list(dict.fromkeys(folded for each in (*whole, *aliases) if (folded := plain(each))))
    return {
        "reference": reference[:60],
        "is_person": plain(text_of(detail.get("Nature"))) == PERSON,
        "name": whole[0][:300],
        "names": names,
        "births": list(dict.fromkeys(born for kind, value in fields if kind == "DATE_DE_NAISSANCE" if (born := birth(value)))),
        "facts": {**facts_of(fields), **({"aliases": [each for each in aliases if each]} if any(aliases) else {})},
    }


def text_of(value: Any) -> str:
    """A text of the list, without what no database takes; raises TypeError for anything that is neither text nor a number."""
    if value is not None and not isinstance(value, str | int):
        raise TypeError("not a text")
    return encodable(str(value if value is not None else "")).strip()


def birth(value: dict[str, Any]) -> str:
    """A date of birth as far as the list knows it: "1970-05-01", "1970-05", "1970", or nothing."""
    parts = [text_of(value.get(name)) for name in ("Annee", "Mois", "Jour")]
    year, month, day = (int(part) if part.isdecimal() else 0 for part in parts)
    if not 1850 <= year <= 2200:
        return ""
    if not 1 <= month <= 12:
        return f"{year:04d}"
    return f"{year:04d}-{month:02d}-{day:02d}" if 1 <= day <= 31 else f"{year:04d}-{month:02d}"


def facts_of(fields: list[tuple[str, dict[str, Any]]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, value in fields:
        part, name = FACTS.get(kind, ("", ""))
        if name and (words := text_of(value.get(part))):
            found.setdefault(name, []).append(words[:FACT_LENGTH])
    return found


def names_by_entry(session: Any) -> Iterator[tuple[Any, ...]]:
    """What matching reads of every entry: (id, kind, reference, is_person, names, births)."""
    wanted = select(WatchEntry.id, WatchEntry.kind, WatchEntry.reference, WatchEntry.is_person, WatchEntry.names, WatchEntry.births)
    yield from session.execute(wanted.order_by(WatchEntry.id))

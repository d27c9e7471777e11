"""Names that staff have typed and that people read in more than one language: programs, tiers, and the values of lists and
fields that have no name of their own in a language. They stand on the translators' desk beside the program's sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import JSON, Text, cast, literal, null, select, union_all
from sqlalchemy.orm import Session

import config
from app.models import LOOK_UPS, CustomField, CustomOption, Program, Tier, Translation
from app.models.base import IN_DATA
from app.services.words import Entry, key_of

HOUSE_LANGUAGE = config.Config.BABEL_DEFAULT_LOCALE
TEXTS: tuple[tuple[Any, tuple[str, ...]], ...] = ((Program, ("name", "description")), (Tier, ("name", "support", "features")))
NAMED: tuple[Any, ...] = (*LOOK_UPS, CustomField, CustomOption)


def part(entity: Any, text: Any = None, names: Any = None) -> Any:
    """One kind of text in the shape that all share: whose it is, its row, the text itself or its names by language."""
    none = cast(null(), Text) if text is None else text
    return select(
        literal(entity.__tablename__).label("kind"), entity.id.label("row"), none.label("text"), (cast(null(), JSON) if names is None else names).label("names")
    )


# Everything in one statement: the desk shows it beside a thousand sentences.
ALL = union_all(
    *(part(entity, cast(getattr(entity, name), Text)) for entity, columns in TEXTS for name in columns),
    *(part(entity, names=entity.names) for entity in NAMED),
)
TITLES = {entity.__tablename__: entity.title for entity in (*(each for each, _columns in TEXTS), *NAMED)}


def typed_names(session: Session, language: str) -> Iterator[tuple[str, str]]:
    """Each text that needs a translation, with what it is; a text that is used twice comes twice."""
    places = list(TITLES)
    for row in sorted(session.execute(ALL), key=lambda row: (places.index(row.kind), row.row)):
        names = row.names or {}
        text = row.text or ("" if names.get(language) else names.get(HOUSE_LANGUAGE))
        if text:
            yield text, str(TITLES[row.kind])


def entries(session: Session, language: str, wordings: Sequence[Translation]) -> list[Entry]:
    """The names held in data, in one language; none in the language they are typed in."""
    if language == HOUSE_LANGUAGE:
        return []
    own = {each.source: each for each in wordings if each.language == language}
    found: dict[str, Entry] = {}
    for text, kind in typed_names(session, language):
        source = f"{IN_DATA}{text}"
        row = own.get(source)
        found.setdefault(
            source, Entry(language, key_of(source), source, "", [""], list(row.texts) if row else [""], [], row.unsure if row else False, row.id if row else 0, kind)
        )
    return list(found.values())

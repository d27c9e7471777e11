"""Names that staff have typed and that people read in more than one language: programs, tiers, and the values of lists and
fields that have no name of their own in a language. They stand on the translators' desk beside the program's sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

import config
from app.models import LOOK_UPS, CustomField, CustomOption, Program, Tier, Translation
from app.models.base import IN_DATA
from app.services.words import Entry, key_of

HOUSE_LANGUAGE = config.Config.BABEL_DEFAULT_LOCALE
TEXTS: tuple[tuple[Any, tuple[str, ...]], ...] = ((Program, ("name", "description")), (Tier, ("name", "support", "features")))


def typed_names(session: Session, language: str) -> Iterator[tuple[str, str]]:
    """Each text that needs a translation, with what it is; a text that is used twice comes twice."""
    for entity, columns in TEXTS:
        for row in session.execute(select(*(getattr(entity, name) for name in columns)).order_by(entity.id)):
            yield from ((text, str(entity.title)) for text in row if text)
    named: tuple[Any, ...] = (*LOOK_UPS, CustomField, CustomOption)
    for listed in named:
        for (names,) in session.execute(select(listed.names).order_by(listed.id)):
            if (names or {}).get(HOUSE_LANGUAGE) and not names.get(language):
                yield names[HOUSE_LANGUAGE], str(listed.title)


def entries(session: Session, language: str) -> list[Entry]:
    """The names held in data, in one language; none in the language they are typed in."""
    if language == HOUSE_LANGUAGE:
        return []
    own = {each.source: each for each in session.scalars(select(Translation).where(Translation.language == language, Translation.source.startswith(IN_DATA)))}
    found: dict[str, Entry] = {}
    for text, kind in typed_names(session, language):
        source = f"{IN_DATA}{text}"
        row = own.get(source)
        found.setdefault(
            source, Entry(language, key_of(source), source, "", [""], list(row.texts) if row else [""], [], row.unsure if row else False, row.id if row else 0, kind)
        )
    return list(found.values())

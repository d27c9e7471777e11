"""The house's own wording: texts that its translators have put in place of the catalogue's."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import IN_DATA, STAFF, Record, field


class Translation(Record):
    """One sentence in one language, as this house wants it: one text, or one for each plural form of the language."""

    __tablename__ = "translation"
    __table_args__ = (UniqueConstraint("language", "key"),)
    title, plural, adding = _("Translation"), _("Translations"), _("New translation")
    scope = STAFF

    language: Mapped[str] = field(_("Language"), String(10))
    key: Mapped[str] = mapped_column(String(40))  # of the source sentence: services/words.py
    source: Mapped[str] = field(_("Source"), Text)
    texts: Mapped[list[str]] = field(_("Translation"), JSON, default=list)
    unsure: Mapped[bool] = field(_("To be checked"), default=False)

    def __str__(self) -> str:
        return self.source.removeprefix(IN_DATA)[:80]

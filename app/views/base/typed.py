"""What people type, without what no page or database wants: control characters, line breaks in a line, spaces around it."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    """Text without control characters, which PostgreSQL and mail headers refuse; emoji stay."""
    return "".join(letter for letter in text.replace("\r\n", "\n") if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cs"))


def cleaned(text: str | None) -> str | None:
    """What was typed into a single line: a line break pasted into it is a space, so that no name can begin a new line of an
    agreement or a mail."""
    return " ".join(printable(text.replace("\u2028", " ").replace("\u2029", " ")).split()) or None if text is not None else None


def cleaned_text(text: str | None) -> str | None:
    """What was typed into several lines."""
    return printable(text).strip() or None if text is not None else None

"""The pseudo-language: every sentence of the catalogues in brackets, a third longer and with accents, so that whatever stands on
a page without brackets has escaped translation, and whatever breaks would break in German."""

from __future__ import annotations

import re

OPEN, CLOSE = "⟦", "⟧"
ACCENTED = str.maketrans("aceinouyACEINOUY", "áçéíñóúýÁÇÉÍÑÓÚÝ")
KEPT = re.compile(r"(%\(\w+\)[sd]|%%|<[^>]+>)")


def pseudo(text: str) -> str:
    """A sentence in the pseudo-language; placeholders and markup stay as they are."""
    if not text.strip() or text.startswith(OPEN):
        return text
    parts = KEPT.split(text)
    bare = "".join(part if KEPT.fullmatch(part) else part.translate(ACCENTED) for part in parts)
    return f"{OPEN}{bare}{'·' * (len(text) // 3)}{CLOSE}"

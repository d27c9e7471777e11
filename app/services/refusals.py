"""How a rule says no: a sentence for the person, and the field it stands beside."""

from __future__ import annotations

from flask_babel import LazyString


class RuleBroken(Exception):
    """A business rule refuses; the sentence is shown beside `field`, or above the form when there is none."""

    def __init__(self, sentence: str | LazyString, field: str | None = None) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence
        self.field = field


class Stale(Exception):
    """Somebody else saved the record since it was opened."""

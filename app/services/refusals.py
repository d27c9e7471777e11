"""How a rule says no: a sentence for the person, and the field it stands beside."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString, lazy_gettext as _

STALE = _("Somebody else saved this record while you were editing it. What you typed is still here: save again to keep your version.")


class RuleBroken(Exception):
    """A business rule refuses; the sentence is shown beside `field`, or above the form when there is none. `others` holds what
    else is wrong, so that nobody has to find out one sentence at a time."""

    def __init__(self, sentence: str | LazyString, field: str | None = None, others: Mapping[str, str | LazyString] | None = None) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence
        self.field = field
        self.others = others or {}


def refuse_all(sentences: Mapping[str, str | LazyString]) -> None:
    """Raises one RuleBroken with every sentence, by field; does nothing when there is none."""
    if sentences:
        (field, sentence), *rest = sentences.items()
        raise RuleBroken(sentence, field, dict(rest))

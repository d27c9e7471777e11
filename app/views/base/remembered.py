"""Caches whose values hold words of a catalogue: marked, so that all of them are emptied when a wording changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_caches: list[Callable[[], None]] = []


def remembers_words(function: Any) -> Any:
    """Marks a function that functools caches."""
    _caches.append(function.cache_clear)
    return function


def forget_words() -> None:
    for empty in _caches:
        empty()

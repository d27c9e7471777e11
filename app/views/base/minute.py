"""Figures that take long to add up and may be a minute old: totals of long lists, charts."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any

from flask import current_app

KEPT = 60  # seconds
MOST = 2_000


def kept_a_minute(key: Hashable, make: Callable[[], Any], worth_it: Callable[[Any], bool] = lambda found: True) -> Any:
    """What `make` gives, or gave within the last minute; kept only where it is `worth_it`. The key must hold whose figures they are."""
    kept: dict[Hashable, tuple[Any, float]] = current_app.extensions["cordee_totals"]
    found, until = kept.get(key, (None, 0.0))
    if until > time.monotonic():
        return found
    found = make()
    if worth_it(found):
        if len(kept) >= MOST:
            kept.clear()
        kept[key] = (found, time.monotonic() + KEPT)
    return found

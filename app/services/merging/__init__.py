"""Merging two records of one client: the source completes the target and never overwrites, everything that hangs on it is moved, and
for thirty days both can be had back as they were. Rules: DOMAIN 4."""

from app.services.merging.comparing import Line, lines_of, loses_hidden, outgrows, refusal, what_moves
from app.services.merging.joining import DAYS, became, merge, of_client
from app.services.merging.moving import places, reason_of
from app.services.merging.parting import forget_merges, undo

__all__ = [
    "DAYS",
    "Line",
    "became",
    "forget_merges",
    "lines_of",
    "loses_hidden",
    "merge",
    "of_client",
    "outgrows",
    "places",
    "reason_of",
    "refusal",
    "undo",
    "what_moves",
]

"""Whether a file carries something known to be harmful. Nobody is asked by default; a clamd server is, where a setting names one."""

from __future__ import annotations

from typing import Protocol

from app.connectors.scanner.clamd import Clamd, Unavailable

__all__ = ["NoScanner", "Scanner", "Unavailable", "choose", "chosen"]


class Scanner(Protocol):
    def found_in(self, content: bytes) -> str:
        """The name of what was found in a file, "" for nothing; raises Unavailable."""
        ...


class NoScanner:
    """No scanner is set: nothing is found."""

    def found_in(self, content: bytes) -> str:
        return ""


chosen: Scanner = NoScanner()


def choose(place: str) -> None:
    """`place` is "host:port" or the path of a socket; empty for no scanner."""
    global chosen
    chosen = Clamd(place) if place else NoScanner()

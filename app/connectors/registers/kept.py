"""What the registers said a moment ago: a page asks before its transaction begins, and its rules, which run within it,
find the answers here. So no register, however slow, is waited for while the database is held."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import Any

from app.connectors.registers import Company, Identity, Intermediary, Register, Registration, Unavailable

LIFETIME, MOST = 300.0, 2_000  # seconds; answers

# Within a transaction nothing is asked over the network: what is not kept is silence.
within: ContextVar[bool] = ContextVar("within", default=False)


@contextmanager
def only_kept() -> Iterator[None]:
    token = within.set(True)
    try:
        yield
    finally:
        within.reset(token)


class Kept:
    """A register that remembers for a while what it was told, silence too."""

    def __init__(self, register: Register) -> None:
        self.register, self.answers, self.lock = register, dict[tuple[Any, ...], tuple[float, Any]](), threading.Lock()

    @property
    def name(self) -> str:
        return self.register.name

    def company(self, siren: str) -> Company | None:
        return self.kept(("company", siren), lambda: self.register.company(siren))

    def companies(self, words: str) -> list[Company]:
        return self.kept(("companies", words), lambda: self.register.companies(words))

    def registration(self, siren: str) -> Registration | None:
        return self.kept(("registration", siren), lambda: self.register.registration(siren))

    def intermediary(self, siren: str) -> Intermediary | None:
        return self.kept(("intermediary", siren), lambda: self.register.intermediary(siren))

    def intermediaries(self, sirens: Sequence[str]) -> dict[str, Intermediary | None]:
        """Asked anew each time: the watch wants to know how things stand."""
        return self.register.intermediaries(sirens)

    def identity(self, number: str, expires_on: date | None) -> Identity | None:
        """Not kept: what is said of a person is not remembered."""
        return self.register.identity(number, expires_on)

    def forget(self, siren: str) -> None:
        with self.lock:
            for key in [key for key in self.answers if siren in key]:
                del self.answers[key]

    def kept(self, key: tuple[Any, ...], ask: Callable[[], Any]) -> Any:
        with self.lock:
            until, answer = self.answers.get(key, (0.0, None))
        if until < time.monotonic():
            if within.get():
                raise Unavailable(self.name)
            try:
                answer = ask()
            except Unavailable as silence:
                answer = silence
            with self.lock:
                if len(self.answers) >= MOST:
                    self.answers = {kept: found for kept, found in self.answers.items() if found[0] > time.monotonic()}
                if len(self.answers) >= MOST:
                    self.answers.pop(next(iter(self.answers)))
                self.answers[key] = (time.monotonic() + LIFETIME, answer)
        if isinstance(answer, Unavailable):
            raise Unavailable(str(answer))
        return answer

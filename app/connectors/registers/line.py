"""A careful line to one register: a fixed address, no redirects, a limit on time, size and haste. Whatever else comes back than an
answer of the kind expected is Unavailable, which is not the same as a no."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import stamina

from app.connectors.registers import Unavailable

LARGEST = 8_000_000  # bytes of one answer: a thousand intermediaries are one
CONNECTING, SILENCE, ALTOGETHER = 3.0, 6.0, 15.0  # seconds: to connect, without a byte, and for a whole answer
TRIES, LONGEST_WAIT = 3, 3.0
PER_SECOND = 7  # what recherche-entreprises allows
AGAIN = frozenset({429, 500, 502, 503, 504})


class Later(Exception):
    """The register asks to come again, after so many seconds if it said so."""

    def __init__(self, status: int, wait: float) -> None:
        super().__init__(f"status {status}")
        self.wait = wait


class Pace:
    """Lets through so many a second, whichever thread asks."""

    def __init__(self, per_second: float) -> None:
        self.gap, self.next, self.lock = 1 / per_second, 0.0, threading.Lock()

    def keep(self) -> None:
        """Waits for its turn; raises ValueError where too many wait already."""
        with self.lock:
            at = max(self.next, time.monotonic())
            if at - time.monotonic() > LONGEST_WAIT:
                raise ValueError("too many ask at once")
            self.next = at + self.gap
        time.sleep(max(0.0, at - time.monotonic()))


def patience(fault: Exception) -> bool | float:
    """What is worth another try, and after how long: a register that is busy or lost the line, not one that takes its time."""
    if isinstance(fault, Later):
        return min(fault.wait, LONGEST_WAIT) if fault.wait else True
    return isinstance(fault, httpx.ConnectError | httpx.RemoteProtocolError)


class Line:
    """Requests to one register, under its name."""

    def __init__(self, name: str, base: str, headers: dict[str, str] | None = None, per_second: float = PER_SECOND, transport: httpx.BaseTransport | None = None) -> None:
        timeouts = httpx.Timeout(SILENCE, connect=CONNECTING)
        self.name, self.base, self.pace = name, base.rstrip("/"), Pace(per_second)
        self.client = httpx.Client(headers=headers or {}, timeout=timeouts, follow_redirects=False, trust_env=False, transport=transport)

    def ask(self, method: str, path: str, expects: str, **options: Any) -> tuple[int, bytes]:
        """The status and body of an answer of the expected type; 404 and 401 are answers too. Raises Unavailable."""
        try:
            for attempt in stamina.retry_context(on=patience, attempts=TRIES, timeout=ALTOGETHER, wait_initial=0.3, wait_max=LONGEST_WAIT, wait_jitter=0.2):
                with attempt:
                    return self.once(method, path, expects, **options)
        except (httpx.HTTPError, httpx.InvalidURL, Later, ValueError) as fault:
            raise Unavailable(self.name) from fault
        raise Unavailable(self.name)

    def once(self, method: str, path: str, expects: str, **options: Any) -> tuple[int, bytes]:
        self.pace.keep()
        with self.client.stream(method, f"{self.base}{path}", **options) as answer:
            if answer.status_code in AGAIN and not (answer.status_code == 500 and expects in answer.headers.get("Content-Type", "")):
                wait = answer.headers.get("Retry-After", "")
                raise Later(answer.status_code, float(wait) if wait.isdecimal() else 0)
            if answer.is_redirect or expects not in answer.headers.get("Content-Type", ""):
                raise ValueError(f"status {answer.status_code}, {answer.headers.get('Content-Type')}")
            return answer.status_code, b"".join(self.pieces(answer))

    def pieces(self, answer: httpx.Response) -> Iterator[bytes]:
        """The body, as long as it is neither too large nor too slow."""
        size, until = 0, time.monotonic() + ALTOGETHER
        for piece in answer.iter_bytes():
            size += len(piece)
            if size > LARGEST or time.monotonic() > until:
                raise ValueError("too large or too slow")
            yield piece

    def close(self) -> None:
        self.client.close()

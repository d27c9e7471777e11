"""Servers of one worker, and how long a page takes over HTTP."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlencode

from sqlalchemy import Engine, event

GUNICORN = str(Path(sys.executable).parent / "gunicorn")


@dataclass
class Taken:
    """How long one page took each time, in milliseconds, and what it sent."""

    times: list[float]
    body: bytes

    @property
    def median(self) -> float:
        return median(self.times)

    @property
    def p95(self) -> float:
        return quantiles(self.times, n=20)[-1] if len(self.times) > 1 else self.times[0]


def cells(body: bytes) -> list[list[str]]:
    """What a reader sees in a page's table, cell by cell, without the ticks."""
    rows = re.findall(r"<tr data-href.*?</tr>", body.decode(), re.DOTALL)
    return [[unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<td class=.k-.*?</td>", row)] for row in rows]


def same_cells(ours: bytes, bare: bytes) -> bool:
    """Whether each row shows the same: all of our columns' cells, in our order, are among the bare page's."""
    mine, best = cells(ours), cells(bare)
    return bool(mine) and len(mine) == len(best) and all([cell for cell in two if cell in one] == one for one, two in zip(mine, best, strict=True))


def typed_in(page: bytes) -> dict[str, str]:
    """What stands in each field of a page's form, by its name; without the tokens of ours."""
    form = page.decode().partition('class="record-form"')[2]
    found = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', form))
    chosen = re.findall(r'<select[^>]* name="([^"]+)"[^>]*>.*?<option value="([^"]*)" selected', form)
    return {name: value for name, value in (found | dict(chosen)).items() if name not in ("csrf_token", "draft")}


def same_fields(ours: bytes, bare: bytes) -> bool:
    """Whether two forms hold the same fields with the same values."""
    return bool(typed_in(ours)) and typed_in(ours) == typed_in(bare)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def server(target: str, **environment: str) -> Iterator[int]:
    """A gunicorn with one worker; yields its port once it answers."""
    port = free_port()
    command = [
        GUNICORN,
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "1",
        "--worker-class",
        "gthread",
        "--threads",
        "4",
        "--keep-alive",
        "75",
        "--log-level",
        "error",
        *(() if target.startswith("app:") else ("--config", "python:bench")),  # the house's own settings are for its own server
        target,
    ]
    # Python's compiled files are written, as they are where the house is installed.
    process = subprocess.Popen(command, env=os.environ | {"PYTHONDONTWRITEBYTECODE": ""} | environment)
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int, process: subprocess.Popen, path: str = "/login") -> None:
    for _turn in range(1200):
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            line.request("GET", path)
            line.getresponse().read()
            return
        except OSError:
            if process.poll() is not None:
                raise RuntimeError("the server did not start") from None
            time.sleep(0.025)
    raise RuntimeError("the server does not answer")


def page(port: int, path: str, cookie: str = "", turns: int = 40, warm: int = 5) -> Taken:
    """Asks for one page again and again on one connection, one at a time."""
    return side_by_side((port, path, cookie), turns=turns, warm=warm)[0]


def side_by_side(*asked: tuple[int, str, str], turns: int = 40, warm: int = 10) -> list[Taken]:
    """Asks for several pages in turn, so that whatever else the machine does meets each of them: (port, path, cookie)."""
    lines = [http.client.HTTPConnection("127.0.0.1", port, timeout=300) for port, _path, _cookie in asked]
    cookies = [cookie for _port, _path, cookie in asked]
    times: list[list[float]] = [[] for _each in asked]
    bodies = [b""] * len(asked)
    for turn in range(turns + warm):
        for number, (_port, path, _cookie) in enumerate(asked):
            start = time.perf_counter()
            lines[number].request("GET", path, headers={"Cookie": cookies[number]} if cookies[number] else {})
            answer = lines[number].getresponse()
            bodies[number] = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}")
            if turn >= warm:
                times[number].append((time.perf_counter() - start) * 1000)
            if given := answer.getheader("Set-Cookie"):  # kept, as a browser does
                cookies[number] = given.split(";")[0]
    return [Taken(each, body) for each, body in zip(times, bodies, strict=True)]


def together(taken: Iterable[Taken]) -> Taken:
    """The figures of several rounds as one."""
    rounds = list(taken)
    return Taken([moment for each in rounds for moment in each.times], rounds[-1].body)


def ratio(one: Taken, other: Taken) -> float:
    """How many times as long the one took: the median of pairs asked for right after each other, for a machine that others
    use too runs at one speed in one second and at half of it in the next."""
    return median(mine / best for mine, best in zip(one.times, other.times, strict=True))


def stock_cookie(port: int) -> str:
    """Signs in to the stock application."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    line.request("POST", "/login/", urlencode({"username": "bench", "password": "bench password"}), {"Content-Type": "application/x-www-form-urlencoded"})
    answer = line.getresponse()
    answer.read()
    return (answer.getheader("Set-Cookie") or "").split(";")[0]


@contextmanager
def counted(engines: list[Engine]) -> Iterator[list[str]]:
    """The statements sent meanwhile, but for BEGIN and COMMIT."""
    sent: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
            sent.append(statement)

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def start_to_first_answer(**environment: str) -> float:
    """Seconds from starting the server to its first answer."""
    begun = time.perf_counter()
    with server("app:create_app()", **environment):
        return time.perf_counter() - begun

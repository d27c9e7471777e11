"""The server that answers like the public registers, and the clients that ask it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from app.connectors.registers import line
from app.connectors.registers.public import Addresses, PublicRegisters
from bench.measure import free_port


class Server:
    def __init__(self, base: str) -> None:
        self.base = base

    def post(self, path: str, sent: object = None) -> dict:
        return httpx.post(f"{self.base}{path}", json=sent, trust_env=False).json()

    def asked(self) -> dict[str, int]:
        return httpx.get(f"{self.base}/_asked", trust_env=False).json()

    def addresses(self) -> Addresses:
        return Addresses(f"{self.base}/recherche", f"{self.base}/api-sirene/3.11", "key", f"{self.base}/rne", "house", "demo", f"{self.base}/orias/ws/service", "house")


@pytest.fixture(scope="module", name="server")
def register_server() -> Iterator[Server]:
    from tests.conftest import SHARED, missing

    if not SHARED.exists():
        missing("../shared is not beside the project")
    port = free_port()
    program = [sys.executable, str(SHARED / "registers" / "server.py"), str(port)]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    found = Server(f"http://127.0.0.1:{port}")
    for _turn in range(200):
        try:
            found.asked()
            break
        except httpx.HTTPError:
            time.sleep(0.05)
    yield found
    process.terminate()
    process.wait()


@pytest.fixture(name="public")
def public_registers(server: Server, monkeypatch) -> Iterator[PublicRegisters]:
    server.post("/_fault/none")
    monkeypatch.setattr(line, "PER_SECOND", 200)
    made = PublicRegisters(server.addresses())
    for each in (made.recherche, made.sirene, made.rne, made.orias):
        each.pace = line.Pace(500)  # what the registers allow is tried by itself
    yield made
    server.post("/_fault/none")
    for each in (made.recherche, made.sirene, made.rne, made.orias):
        each.close()

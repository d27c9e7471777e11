"""How a document is signed: the local provider seals the facts of a signature with the house's key.

This is a simple electronic signature (eIDAS article 3, 10): a code sent by mail, and a proof that ties the code, the words
agreed to and the document's digest together.
"""

from __future__ import annotations

from typing import Any, Protocol


class Provider(Protocol):
    level: str

    def seal(self, facts: dict[str, Any]) -> dict[str, Any]: ...

    def is_whole(self, proof: dict[str, Any]) -> bool: ...


chosen: Provider


def choose(secret: str) -> None:
    global chosen
    chosen = LocalProvider(secret)


from app.connectors.signature.local import LocalProvider  # noqa: E402 - it needs the names above

"""A seal over the facts of a signature, made with a key derived from the house's secret."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any


class LocalProvider:
    level = "simple"

    def __init__(self, secret: str) -> None:
        self.key = hashlib.sha256(b"signature proofs\x00" + secret.encode()).digest()

    def seal(self, facts: dict[str, Any]) -> dict[str, Any]:
        """The facts with their seal; changing any of them afterwards shows."""
        return facts | {"seal": self.digest(facts)}

    def is_whole(self, proof: dict[str, Any]) -> bool:
        facts = {key: value for key, value in proof.items() if key != "seal"}
        return hmac.compare_digest(self.digest(facts), str(proof.get("seal", "")))

    def digest(self, facts: dict[str, Any]) -> str:
        written = json.dumps(facts, sort_keys=True, ensure_ascii=False).encode()
        return hmac.new(self.key, written, hashlib.sha256).hexdigest()

"""How a document is signed: fields reserved in the PDF, signatures put into them, files verified.

The local provider signs with the house's own key. It makes a simple electronic signature (eIDAS article 3, 10): a code sent by
mail shows who signed, and the proof of it lies in the PDF before the first signature, which seals both. A provider of advanced
or qualified signatures (Yousign, DocuSign …) answers the same questions: a class with these methods, named in `PROVIDERS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol

PARTNER, HOUSE = "Partner", "House"  # the two fields of every agreement, in the order they are signed
CLIENT = "Client"  # the one field of a client's document
BOX = (210, 64)  # points: how large a field is, and its stamp


class NotSigned(Exception):
    """No signature came about: the time-stamp server or the provider did not answer, or the file is not one of ours."""


@dataclass(frozen=True)
class Seal:
    """A signature found in a PDF. `intact`: what it covers is as it was; `ours`: made with this house's key."""

    field: str
    reason: str
    at: datetime | None
    intact: bool
    ours: bool
    changed_later: bool  # something other than a further signature was added after it
    time_stamped: bool


class Provider(Protocol):
    level: str

    def seal(self, facts: dict[str, Any]) -> dict[str, Any]: ...

    def is_whole(self, proof: dict[str, Any]) -> bool: ...

    def reserve(self, pdf: bytes, names: tuple[str, ...] = (PARTNER, HOUSE)) -> bytes:
        """The PDF with its fields, empty; the first one that is signed certifies it."""
        ...

    def sign(self, pdf: bytes, field: str, reason: str, stamp: bytes, evidence: bytes | None = None) -> bytes:
        """The PDF with one field signed; `stamp` is a PDF of one page that shows in it, `evidence` a file that is embedded first.
        Raises NotSigned."""
        ...

    def seals(self, pdf: bytes) -> list[Seal]:
        """Every signature in a PDF, in order; raises NotSigned for what is no PDF."""
        ...


PROVIDERS = {"local": "app.connectors.signature.local:LocalProvider"}

_asked: Mapping[str, Any] = {}
_providers: list[Provider] = []  # the one that has been made, or none yet


def choose(settings: Mapping[str, Any]) -> None:
    """Sets who signs from now on; raises KeyError for an unknown provider."""
    global _asked
    PROVIDERS[settings["SIGNATURE_PROVIDER"]]
    _asked = settings
    _providers.clear()


def provider() -> Provider:
    """Who signs. Loaded when first asked for: a third of the time that the house takes to start would go into it."""
    if not _providers:
        module, _colon, name = PROVIDERS[_asked["SIGNATURE_PROVIDER"]].partition(":")
        _providers.append(getattr(import_module(module), name)(_asked))
    return _providers[0]

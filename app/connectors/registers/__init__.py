"""What the house asks of the public registers: a company, an intermediary, an identity document.

`chosen` is set once by create_app() from the setting REGISTERS. A register that does not answer raises Unavailable, which is
never the same as an answer that says no.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Protocol


class Unavailable(Exception):
    """The register did not answer; ask again later."""


@dataclass(frozen=True)
class Company:
    """A company as the national registers know it. `in_rcs`: whether its activity is a commercial one."""

    siren: str
    name: str
    is_open: bool
    in_rcs: bool
    street: str = ""
    postcode: str = ""
    city: str = ""


@dataclass(frozen=True)
class Intermediary:
    """An entry in ORIAS: one number, several categories, each with its own status."""

    siren: str
    number: str
    name: str
    statuses: dict[str, str] = field(default_factory=dict)

    @property
    def standing(self) -> frozenset[str]:
        """The categories in which it is registered today."""
        return frozenset(category for category, status in self.statuses.items() if status == "INSCRIT")


@dataclass(frozen=True)
class Identity:
    """What the check of an identity document said."""

    number: str
    is_valid: bool
    reason: str = ""


class Register(Protocol):
    name: str

    def company(self, siren: str) -> Company | None: ...

    def companies(self, words: str) -> list[Company]: ...

    def intermediary(self, siren: str) -> Intermediary | None: ...

    def identity(self, number: str, expires_on: date | None) -> Identity: ...


chosen: Register


def choose(name: str) -> None:
    """Sets the register that answers from now on; raises KeyError for an unknown name."""
    global chosen
    chosen = {"local": LocalRegister}[name]()


def proof(answer: Any) -> dict[str, Any]:
    """An answer as it is kept in the database."""
    return {} if answer is None else asdict(answer)


from app.connectors.registers.local import LocalRegister  # noqa: E402 - it needs the names above

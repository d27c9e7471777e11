"""What the house asks of the public registers: a company, an intermediary, an identity document.

`chosen` is set once by create_app() from the setting REGISTERS. A register that does not answer raises Unavailable, which is
never the same as an answer that says no.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Protocol


class Unavailable(Exception):
    """The register did not answer; ask again later."""


@dataclass(frozen=True)
class Company:
    """A company as the registers know it. `in_rcs`: whether its activity is a commercial one; None where another register
    has to be asked (Register.registration)."""

    siren: str
    name: str
    is_open: bool
    in_rcs: bool | None
    street: str = ""
    postcode: str = ""
    city: str = ""
    register: str = ""  # which one said so


@dataclass(frozen=True)
class Registration:
    """An entry in the national register of companies: being there is not being in the RCS, a commercial form of activity is."""

    siren: str
    in_rcs: bool
    exercise: str = ""
    register: str = ""


@dataclass(frozen=True)
class Intermediary:
    """An entry in ORIAS: one number, several categories, each with its own status."""

    siren: str
    number: str
    name: str
    statuses: dict[str, str] = field(default_factory=dict)
    collects_funds: bool | None = None
    register: str = ""

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

    def registration(self, siren: str) -> Registration | None: ...

    def intermediary(self, siren: str) -> Intermediary | None: ...

    def intermediaries(self, sirens: Sequence[str]) -> dict[str, Intermediary | None]: ...

    def identity(self, number: str, expires_on: date | None) -> Identity | None:
        """None where there is no register to ask."""
        ...


chosen: Register


def choose(name: str, settings: Mapping[str, Any] = MappingProxyType({})) -> None:
    """Sets the register that answers from now on, with the settings that begin like its parts; raises KeyError for an unknown name."""
    global chosen
    chosen = {"local": lambda: LocalRegister(), "public": lambda: Kept(public_registers(settings))}[name]()


def forget(siren: str) -> None:
    """Whoever asks again about a company wants to know how things stand now, not how they stood a moment ago."""
    if isinstance(chosen, Kept):
        chosen.forget(siren)


def public_registers(settings: Mapping[str, Any]) -> Register:
    from app.connectors.registers import public  # only here: a house with the local register does not need an HTTP client

    names = {name: settings[name.upper()] for name in ("sirene_key", "rne_user", "rne_password", "orias_user")}
    return public.PublicRegisters(public.Addresses(**{name: settings[f"{name.upper()}_URL"] for name in ("recherche", "sirene", "rne", "orias")}, **names))


def proof(answer: Any) -> dict[str, Any]:
    """An answer as it is kept in the database."""
    return {} if answer is None else asdict(answer)


from app.connectors.registers.kept import Kept  # noqa: E402 - they need the names above
from app.connectors.registers.local import LocalRegister  # noqa: E402

"""The public registers of France: recherche-entreprises, INSEE Sirene, the national register of INPI, and ORIAS.

recherche-entreprises is asked first, for it is open and knows addresses; whoever did not agree to be published is not there, and is
looked up at INSEE. The national register knows craftsmen and liberal professions too: only a commercial form of activity is in the
RCS. ORIAS answers for several hundred companies at once. Shapes: each register's published description."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

import defusedxml
from defusedxml.ElementTree import fromstring

from app.connectors.registers import Company, Identity, Intermediary, Registration, Unavailable
from app.connectors.registers.line import Line

AT_ONCE = 500  # intermediaries in one question to ORIAS
HIDDEN = "[ND]"  # a name that INSEE may not publish
SOAP, ORIAS = "http://schemas.xmlsoap.org/soap/envelope/", "urn:gpsa:orias:ws.001"
COMMERCIAL = "COMMERCIALE"
STATES = {"A": True, "C": False, "F": False}  # any other word is no answer
FOUND = {"true": True, "1": True, "false": False, "0": False}


def refuse_other(siren: str) -> None:
    """Only nine digits go into an address that is asked with the house's own keys."""
    if not re.fullmatch(r"[0-9]{9}", siren):
        raise ValueError("not a SIREN")


@dataclass(frozen=True)
class Addresses:
    """Where each register is, and what opens it; one without its key is not asked."""

    recherche: str
    sirene: str = ""
    sirene_key: str = ""
    rne: str = ""
    rne_user: str = ""
    rne_password: str = ""
    orias: str = ""
    orias_user: str = ""


def understood(register: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An answer of a shape that nobody foresaw is none."""

    def dress(ask: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(ask)
        def asked(*args: Any) -> Any:
            try:
                return ask(*args)
            except (AttributeError, TypeError, KeyError, IndexError, ValueError) as surprise:
                raise Unavailable(register) from surprise

        return asked

    return dress


class PublicRegisters:
    name = "public"

    def __init__(self, at: Addresses) -> None:
        self.at = at
        self.recherche = Line("recherche-entreprises", at.recherche)
        self.sirene = Line("INSEE Sirene", at.sirene, {"X-INSEE-Api-Key-Integration": at.sirene_key}, per_second=0.5)  # 30 a minute
        self.rne = Line("INPI RNE", at.rne)
        self.orias = Line("ORIAS", at.orias)
        self.token = ""

    # --- companies ------------------------------------------------------------------------------

    @understood("recherche-entreprises")
    def company(self, siren: str) -> Company | None:
        """Raises Unavailable also where the open register does not know it and INSEE, without a key, cannot be asked."""
        refuse_other(siren)
        found = [each for each in self.searched(siren) if each.siren == siren]
        if found:
            return found[0]
        if not self.at.sirene_key:
            raise Unavailable(self.sirene.name)
        return self.unpublished(siren)

    @understood("recherche-entreprises")
    def companies(self, words: str) -> list[Company]:
        return self.searched(words) if len(words.strip()) >= 3 else []  # the register's own limit

    def searched(self, words: str) -> list[Company]:
        status, body = self.recherche.ask("GET", "/search", "json", params={"q": words, "per_page": 10})
        return [company_of(each) for each in items(self.recherche, status, body, "results")]

    @understood("INSEE Sirene")
    def unpublished(self, siren: str) -> Company | None:
        """One that the open register keeps to itself: INSEE says whether it exists and is open, and no more."""
        status, body = self.sirene.ask("GET", f"/siren/{siren}", "json")
        if status == 404 and read(self.sirene, 200, body)["header"]["statut"] == 404:
            return None
        unit = read(self.sirene, status, body).get("uniteLegale") or {}
        period = next((each for each in unit.get("periodesUniteLegale", []) if each.get("dateFin") is None), None)
        if period is None or unit.get("siren") != siren:
            raise Unavailable(self.sirene.name)
        name = period.get("denominationUniteLegale") or period.get("nomUniteLegale") or ""
        return Company(siren, "" if name == HIDDEN else name, is_open=STATES[period["etatAdministratifUniteLegale"]], in_rcs=None, register=self.sirene.name)

    @understood("INPI RNE")
    def registration(self, siren: str) -> Registration | None:
        """The form of activity in the national register, and so whether the company is in the RCS."""
        refuse_other(siren)
        if not self.at.rne_password:
            raise Unavailable(self.rne.name)
        status, body = self.with_token(siren)
        if status == 404 and str(read(self.rne, 200, body)["code"]) == "404":
            return None
        told = read(self.rne, status, body)
        exercise = told["formality"]["content"]["formeExerciceActivitePrincipale"]
        if told["siren"] != siren or not isinstance(exercise, str):
            raise Unavailable(self.rne.name)
        return Registration(siren, in_rcs=exercise == COMMERCIAL, exercise=exercise, register=self.rne.name)

    def with_token(self, siren: str) -> tuple[int, bytes]:
        """Asked with the token at hand; with a fresh one when that has expired."""
        for fresh in (not self.token, True):
            if fresh:
                status, body = self.rne.ask("POST", "/api/sso/login", "json", json={"username": self.at.rne_user, "password": self.at.rne_password})
                self.token = str(read(self.rne, status, body).get("token") or "")
            status, body = self.rne.ask("GET", f"/api/companies/{siren}", "json", headers={"Authorization": f"Bearer {self.token}"})
            if status != 401:
                return status, body
        raise Unavailable(self.rne.name)

    # --- intermediaries -------------------------------------------------------------------------

    @understood("ORIAS")
    def intermediary(self, siren: str) -> Intermediary | None:
        return self.intermediaries([siren])[siren]

    @understood("ORIAS")
    def intermediaries(self, sirens: Sequence[str]) -> dict[str, Intermediary | None]:
        """Each company's entry in ORIAS, or None; several hundred in one question. One that the answer does not speak of is left
        out: nothing is known of it."""
        if not self.at.orias_user:
            raise Unavailable(self.orias.name)
        found: dict[str, Intermediary | None] = {}
        for start in range(0, len(sirens), AT_ONCE):
            asked = sirens[start : start + AT_ONCE]
            said = {entry.siren: entry for entry in self.entries(asked)}
            found |= {siren: said[siren] if said[siren].number else None for siren in asked if siren in said}
        return found

    def entries(self, sirens: Sequence[str]) -> Iterator[Intermediary]:
        """What ORIAS says of those it was asked about; an answer that speaks of none of them is one we do not understand."""
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        status, body = self.orias.ask("POST", "", "xml", content=question(self.at.orias_user, sirens), headers=headers)
        try:
            root = fromstring(body, forbid_dtd=True)
        except (ParseError, defusedxml.DefusedXmlException, ValueError) as fault:
            raise Unavailable(self.orias.name) from fault
        said = [entry_of(each) for each in root.iter("intermediary")]
        if status != 200 or not {each.siren for each in said} & set(sirens):
            raise Unavailable(self.orias.name)
        yield from said

    def identity(self, number: str, expires_on: date | None) -> Identity | None:
        """No register of identity documents is open to a firm."""
        return None


def question(user: str, sirens: Sequence[str]) -> bytes:
    """ORIAS' intermediarySearchRequest in its envelope; put together as elements, never as text."""
    envelope = Element(f"{{{SOAP}}}Envelope")
    request = SubElement(SubElement(envelope, f"{{{SOAP}}}Body"), f"{{{ORIAS}}}intermediarySearchRequest")
    SubElement(request, "user").text = user
    wanted = SubElement(request, "intermediaries")
    for siren in sirens:
        SubElement(SubElement(wanted, "intermediary"), "siren").text = siren
    return tostring(envelope, encoding="utf-8", xml_declaration=True)


def entry_of(told: Element) -> Intermediary:
    base = told.find("informationBase")
    siren, number, name, found = (
        (base.findtext(part) or "").strip() if base is not None else "" for part in ("siren", "registrationNumber", "denomination", "foundInRegistry")
    )
    if not FOUND[found]:
        return Intermediary(siren, "", "", register="ORIAS")
    if not number:
        raise ValueError("an entry without a number")
    statuses: dict[str, str] = {}
    for each in told.iter("registration"):
        category, status = (each.findtext("categoryName") or "").strip(), (each.findtext("status") or "").strip()
        if statuses.setdefault(category, status) != status:
            raise ValueError("a category that stands and does not")
    collects = any((each.findtext("collectFunds") or "") == "true" and (each.findtext("status") or "") == "INSCRIT" for each in told.iter("registration"))
    return Intermediary(siren, number, name, statuses, collects_funds=collects, register="ORIAS")


def company_of(told: dict[str, Any]) -> Company:
    office = told.get("siege") or {}
    address, postcode = str(office.get("adresse") or ""), str(office.get("code_postal") or "")
    return Company(
        str(told.get("siren") or ""),
        str(told.get("nom_raison_sociale") or told.get("nom_complet") or ""),
        is_open=STATES[told["etat_administratif"]],
        in_rcs=None,
        street=address.partition(f" {postcode} ")[0] if postcode else address,
        postcode=postcode,
        city=str(office.get("libelle_commune") or ""),
        register="recherche-entreprises",
    )


def read(line: Line, status: int, body: bytes) -> dict[str, Any]:
    """The body of a good answer; raises Unavailable for anything else."""
    try:
        told = json.loads(body) if status == 200 else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise Unavailable(line.name)
    return told


def items(line: Line, status: int, body: bytes, key: str) -> list[dict[str, Any]]:
    told = read(line, status, body).get(key)
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        raise Unavailable(line.name)
    return told

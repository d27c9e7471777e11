"""Which fields a file can fill, and which of them a column seems to be, by what stands above it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app
from flask_babel import force_locale

from app.models import fold
from app.views.base.columns import Column, column_of

if TYPE_CHECKING:
    from app.views.base.entity import EntityView

# Heads that other software writes, beside our own labels.
ALSO_CALLED = {
    "mail": "email", "courriel": "email", "adresse mail": "email", "adresse e-mail": "email", "email": "email", "tel": "phone", "telephone": "phone", "mobile": "phone",
    "portable": "phone", "cp": "postcode", "zip": "postcode", "ville": "city", "commune": "city", "adresse": "street", "rue": "street", "address": "street", "prenom": "first_name",
    "nom": "last_name", "nom de famille": "last_name", "surname": "last_name", "raison sociale": "name", "denomination": "name", "societe": "company_name", "orias": "orias_number",
    "n orias": "orias_number", "date naissance": "birth_date", "ne le": "birth_date", "site": "website", "site web": "website", "numero": "number", "numero contrat": "number",
    "cabinet": "partner_id", "apporteur": "partner_id", "compagnie": "supplier_id", "assureur": "supplier_id", "encours": "amount", "devise": "currency",
    "date effet": "effective_on", "date d'effet": "effective_on", "date echeance": "renews_on", "reference client": "reference", "type": "kind", "statut": "status",
}  # fmt: skip


def fields_to_import(view: EntityView) -> list[Column]:
    """The fields of the entity's form that a column of a file can go into, those of the house's own among them."""
    return [column for name in view.fields if (column := column_of(view.model, name)).kind != "names"]


def needed(view: EntityView) -> list[Column]:
    """The fields without which no new record can be made."""
    return [column for column in fields_to_import(view) if column.required and column.name not in view.starting_values()]


def suggested(view: EntityView, heads: list[str]) -> dict[str, str]:
    """The field that each column seems to be, by its head: the label in any language, the field's name, or what others call it."""
    known = known_heads(view)
    found: dict[str, str] = {}
    for place, head in enumerate(heads):
        name = known.get(plain_head(head))
        if name and name not in found.values():
            found[str(place)] = name
    return found


def plain_head(head: str) -> str:
    return " ".join(fold(head).replace("_", " ").replace("°", " ").replace("*", " ").replace(".", " ").split())


def known_heads(view: EntityView) -> dict[str, str]:
    columns = fields_to_import(view)
    names = {column.name for column in columns}
    known = {head: name for head, name in ALSO_CALLED.items() if name in names}
    for language in current_app.config["LANGUAGES"]:
        with force_locale(language):
            known |= {plain_head(str(column.label)): column.name for column in columns}
    return known | {plain_head(column.name.removesuffix("_id")): column.name for column in columns}

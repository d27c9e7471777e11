"""Fields of the house's own, made as an administrator makes them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from app import models as m
from app.extensions import db
from app.models.custom import CustomField


def make(admin: Any, kind: str, holder: str = "client", **changes: Any) -> CustomField:
    sent = {"holder": holder, "kind": kind, "names_fr": f"Champ {kind}", "names_en": f"Field {kind}", "portal": "hidden", "position": "10", "active": "y"}
    answer = admin.post("/fields/new", {name: value for name, value in (sent | changes).items() if value is not None})
    assert answer.status_code == 302, answer.text
    return int(answer.location.split("?")[0].removesuffix("/options").rsplit("/", 1)[1])


def field_of(cast: Any, number: int) -> CustomField:
    return cast.get(CustomField, number)


def saved(visitor: Any, client: m.Client, place: str = "/clients", **values: Any) -> Any:
    now = visitor.get(f"{place}/{client.id}/edit").text
    version = now.split('name="version" value="')[1].split('"')[0]
    sent = {"kind": "person", "last_name": client.last_name, "partner_id": client.partner_id, "version": version, "country": "FR"}
    return visitor.post(f"{place}/{client.id}/edit", sent | values)


def indexes(house: Any, key: str) -> int:
    with house.app_context(), db.engine.connect() as connection:
        sql = (
            "SELECT count(*) FROM pg_indexes WHERE indexname LIKE :name"
            if connection.dialect.name == "postgresql"
            else "SELECT count(*) FROM sqlite_master WHERE name LIKE :name"
        )
        return connection.execute(text(sql), {"name": f"%{key}"}).scalar()

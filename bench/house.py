"""A house of any size, written by bulk load into the product's own tables: skewed as real networks are (DOMAIN 9)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text

from app.extensions import db
from app.models import Contract, Role, Side, User, fold, indexes, now, walls
from app.services import preparation, sign_ins
from app.services.crossings import crossing
from app.services.demo import FIRST, LAST

NAMES = [*LAST, "Lambert", "Rousseau", "Vincent", "Fontaine"]
MOMENT = datetime(2026, 11, 1, tzinfo=UTC)


def owners(luck: random.Random, partners: int, count: int) -> list[int]:
    """Whose row each is: a few partners hold almost half."""
    weights = [1 / (place + 1) ** 0.8 for place in range(partners)]
    return luck.choices(range(1, partners + 1), weights, k=count)


def clients(luck: random.Random, partners: int, count: int) -> Iterator[dict[str, Any]]:
    for number, partner in enumerate(owners(luck, partners, count), 1):
        name = f"{luck.choice(NAMES)}{number % 997} {luck.choice(FIRST)}"
        last, first = name.split(" ", 1)
        yield {
            "id": number,
            "partner_id": partner,
            "kind": "person",
            "status": "client",
            "name": name,
            "last_name": last,
            "first_name": first,
            "notifications": False,
            "search_text": fold(name),
            "created_at": MOMENT,
            "updated_at": MOMENT,
            "version": 1,
        }


def contracts(luck: random.Random, held: list[tuple[int, str]], count: int) -> Iterator[dict[str, Any]]:
    for number in range(1, count + 1):
        client = luck.randrange(len(held))
        partner, name = held[client]
        key = f"AL{number:09d}"
        yield {
            "id": number, "number": key, "number_key": key, "supplier_id": 1 + number % 25, "product_id": 1 + number % 50, "partner_id": partner, "client_id": client + 1, "status": "active",
            "amount": luck.randrange(50_000, 90_000_000), "currency": "EUR", "effective_on": date(2005, 1, 1) + timedelta(days=luck.randrange(7000)), "search_text": fold(f"{key} {name}"), "created_at": MOMENT, "updated_at": MOMENT, "version": 1,
        }  # fmt: skip


def load(connection: Any, table: str, rows: Iterator[dict[str, Any]]) -> None:
    """COPY on PostgreSQL, executemany on SQLite."""
    first = next(rows)
    columns = list(first)
    raw = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            copy.write_row(list(first.values()))
            for row in rows:
                copy.write_row(list(row.values()))
        return
    write = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"

    def plain(row: dict[str, Any]) -> list[Any]:
        return [
            value.replace(tzinfo=None).isoformat(" ") if isinstance(value, datetime) else value.isoformat() if isinstance(value, date) else value
            for value in row.values()
        ]

    raw.execute(write, plain(first))
    raw.executemany(write, (plain(row) for row in rows))


def fill(app: Flask, partners: int, client_count: int, contract_count: int) -> None:
    """Migrates an empty database and fills it; search indexes are built once the rows are in."""
    luck = random.Random(contract_count)
    with app.app_context():
        upgrade()
        with db.engine.begin() as connection:
            common = {"created_at": MOMENT, "updated_at": MOMENT, "version": 1}
            load(
                connection,
                "supplier",
                ({"id": n, "name": f"Fournisseur {n}", "code": f"F{n}", "kind": "insurer", "active": True, "search_text": "", **common} for n in range(1, 26)),
            )
            load(
                connection,
                "product",
                ({"id": n, "supplier_id": 1 + n % 25, "name": f"Produit {n}", "kind": "life_insurance", "search_text": "", **common} for n in range(1, 51)),
            )
            load(
                connection,
                "partner",
                (
                    {
                        "id": n,
                        "name": f"Cabinet {n:05d}",
                        "kind": "insurance_broker",
                        "status": "active",
                        "exercise": "commercial",
                        "contested": False,
                        "search_text": f"cabinet {n:05d}",
                        **common,
                    }
                    for n in range(1, partners + 1)
                ),
            )
            people_held: list[tuple[int, str]] = []

            def noted() -> Iterator[dict[str, Any]]:
                for row in clients(luck, partners, client_count):
                    people_held.append((row["partner_id"], row["name"]))
                    yield row

            load(connection, "client", noted())
            load(connection, "contract", contracts(luck, people_held, contract_count))
            if connection.dialect.name == "postgresql":
                for table in ("supplier", "product", "partner", "client", "contract"):
                    connection.execute(text(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))"))
        with db.engine.begin() as connection:
            indexes.sync(connection)
            walls.sync(connection)
        with crossing(reading=False) as session:
            preparation.sync_rights(session)
            session.commit()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))


def visitors(app: Flask, hashed: str) -> dict[str, str]:
    """The cookies of an administrator and of the largest partner's owner."""
    with app.app_context(), crossing(reading=False) as session:
        admin = User(first_name="A", last_name="A", username="bench", email="bench@example.org", password=hashed, side=Side.STAFF, active=True)
        admin.roles = [session.query(Role).filter_by(name="administrator").one()]
        owner = User(first_name="O", last_name="O", username="owner", email="owner@example.org", password=hashed, side=Side.PARTNER, active=True)
        session.add_all([admin, owner])
        session.flush()
        session.execute(
            text("INSERT INTO membership (user_id, partner_id, role, own_clients_only, created_at, updated_at, version) VALUES (:user, 1, 'owner', false, :at, :at, 1)"),
            {"user": owner.id, "at": now().replace(tzinfo=None)},
        )
        secrets = {"administrator": sign_ins.open_sign_in(session, admin.id, None), "partner": sign_ins.open_sign_in(session, owner.id, 1)}
        session.commit()
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return {role: serializer.dumps({"sign_in": secret}) for role, secret in secrets.items()}


def deep_place(app: Flask) -> int:
    """The id half-way down, where a deep page begins."""
    with app.app_context(), crossing() as session:
        return (session.query(Contract.id).order_by(Contract.id.desc()).limit(1).scalar() or 0) // 2

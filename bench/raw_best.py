"""The limit: the same pages by bare queries and one precompiled template, with neither sign-in nor rights (SPEED.md)."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import jinja2

URL = os.environ["BENCH_URL"]
IS_SQLITE = URL.startswith("sqlite")
COLUMNS = "k.id, k.number, c.name AS client, p.name AS partner, s.name AS supplier, d.name AS product, k.status, k.effective_on, k.amount"
JOINS = "JOIN partner p ON p.id = k.partner_id LEFT JOIN client c ON c.id = k.client_id LEFT JOIN supplier s ON s.id = k.supplier_id LEFT JOIN product d ON d.id = k.product_id"
PAGE = jinja2.Environment(autoescape=True).from_string(
    "<!doctype html><title>raw</title><p>{{ total }}</p><table>{% for row in rows %}<tr data-href='/contracts/{{ row[0] }}'>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>"
)
FORM = jinja2.Environment(autoescape=True).from_string("<!doctype html><form>{% for cell in row %}<input value='{{ cell }}'>{% endfor %}</form>")
local = threading.local()


def connection() -> Any:
    if not hasattr(local, "connection"):
        if IS_SQLITE:
            local.connection = sqlite3.connect(URL.removeprefix("sqlite:///"))
        else:
            import psycopg

            local.connection = psycopg.connect(URL.replace("postgresql+psycopg://", "postgresql://"), autocommit=True)
    return local.connection


def run(statement: str, values: dict[str, Any]) -> list[Any]:
    mark = (lambda name: f":{name}") if IS_SQLITE else (lambda name: f"%({name})s")
    for name in values:
        statement = statement.replace(f"@{name}", mark(name))
    return connection().execute(statement, values).fetchall()


def rows_of(kind: str, asked: dict[str, list[str]]) -> tuple[list[Any], Any]:
    size = "SELECT max(id) FROM contract" if IS_SQLITE else "SELECT reltuples::bigint FROM pg_class WHERE oid = 'contract'::regclass"
    if kind in ("list", "deep"):
        place = int(asked.get("after", ["2147483647"])[0])
        return run(f"SELECT {COLUMNS} FROM contract k {JOINS} WHERE k.id < @after ORDER BY k.id DESC LIMIT 50", {"after": place}), run(size, {})[0][0]
    if kind == "partner":
        partner = {"p": int(asked["p"][0])}
        found = run(
            f"SELECT {COLUMNS} FROM contract k JOIN (SELECT id FROM contract WHERE partner_id = @p ORDER BY amount DESC, id DESC LIMIT 50) top ON top.id = k.id {JOINS} ORDER BY k.amount DESC, k.id DESC",
            partner,
        )
        return found, run("SELECT count(*) FROM (SELECT 1 FROM contract WHERE partner_id = @p LIMIT 1001) t", partner)[0][0]
    words = asked["q"][0]
    if IS_SQLITE:
        inner, values = "SELECT rowid AS id FROM contract_fts WHERE contract_fts MATCH @words ORDER BY rowid DESC LIMIT 50", {"words": f'"{words}"'}
        total = "SELECT count(*) FROM (SELECT 1 FROM contract_fts WHERE contract_fts MATCH @words LIMIT 1001) t"
    else:
        inner, values = "SELECT id FROM contract WHERE search_text LIKE @words ORDER BY id DESC LIMIT 50", {"words": f"%{words}%"}
        total = "SELECT count(*) FROM (SELECT 1 FROM contract WHERE search_text LIKE @words LIMIT 1001) t"
    return run(f"SELECT {COLUMNS} FROM contract k JOIN ({inner}) top ON top.id = k.id {JOINS} ORDER BY k.id DESC", values), run(total, values)[0][0]


def app(environ: dict[str, Any], start: Callable) -> list[bytes]:
    kind, asked = environ["PATH_INFO"].strip("/"), parse_qs(environ.get("QUERY_STRING", ""))
    if kind == "edit":
        page = FORM.render(row=run(f"SELECT {COLUMNS} FROM contract k {JOINS} WHERE k.id = @id", {"id": int(asked["id"][0])})[0])
    else:
        rows, total = rows_of(kind, asked)
        page = PAGE.render(rows=rows, total=total)
    body = page.encode()
    start("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]

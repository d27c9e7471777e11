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
STATES = {"active": "En vigueur"}
HEADS = ("Numéro", "Client", "Partenaire", "Produit", "État", "Date d’effet", "Encours")
MONTHS = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
ENVIRONMENT = jinja2.Environment(autoescape=True, trim_blocks=True)
PAGE = ENVIRONMENT.from_string(
    """<!doctype html><html lang="fr"><meta charset="utf-8"><title>Contrats</title><link rel="stylesheet" href="/static/cordee.css">
<h1>Contrats <span class="count">{{ total }}</span></h1><form><input type="search" name="q"></form>
<table class="table list"><thead><tr>{% for head in heads %}<th scope="col">{{ head }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}
<tr data-href="/contracts/{{ row[0] }}"><td class="k-line" data-label="Numéro"><a href="/contracts/{{ row[0] }}" class="row-link">{{ row[1] }}</a></td><td class="k-link" data-label="Client">{{ row[2] }}</td><td class="k-link" data-label="Partenaire">{{ row[3] }}</td><td class="k-link" data-label="Produit">{{ row[5] }}<span class="second">{{ row[4] }}</span></td><td class="k-choice" data-label="État"><span class="state state-good"><svg class="icon" aria-hidden="true"><use href="/assets/icons.svg#check-circle"></use></svg>{{ states[row[6]] }}</span></td><td class="k-date" data-label="Date d’effet">{{ day(row[7]) }}</td><td class="k-money" data-label="Encours"><span class="amount">{{ money(row[8]) }}</span></td></tr>
{% endfor %}
</tbody></table><nav>{% if rows %}<a rel="next" href="?after={{ rows[-1][0] }}">Suivant</a>{% endif %}</nav>"""
)
FORM = ENVIRONMENT.from_string(
    """<!doctype html><html lang="fr"><meta charset="utf-8"><title>Modifier</title><link rel="stylesheet" href="/static/cordee.css">
<h1>Modifier « {{ row[1] }} »</h1><form method="post" class="record-form"><input type="hidden" name="version" value="{{ row[0] }}">
{% for kind, name, label, at in fields %}
<div class="field">{% if kind == "link" %}<label class="form-label" for="{{ name }}_text">{{ label }}</label><div class="lookup" data-choices="/contracts/choices/{{ name }}"><input type="hidden" name="{{ name }}" id="{{ name }}" value="{{ row[at] or "" }}"><input class="form-control" type="text" id="{{ name }}_text" name="{{ name }}_text" value="{{ row[at + 1] or "" }}" autocomplete="off" role="combobox" aria-expanded="false" aria-autocomplete="list" aria-controls="{{ name }}_list" placeholder="Saisissez pour rechercher"><ul class="lookup-list" id="{{ name }}_list" role="listbox" aria-label="{{ label }}" hidden></ul></div>
{% elif kind == "choice" %}<label class="form-label" for="{{ name }}">{{ label }}</label><select class="form-select" id="{{ name }}" name="{{ name }}">{% for value, word in states %}<option value="{{ value }}"{% if value == row[at] %} selected{% endif %}>{{ word }}</option>{% endfor %}</select>
{% elif kind == "date" %}<label class="form-label" for="{{ name }}">{{ label }}</label><div class="day"><input class="form-control" type="text" id="{{ name }}" name="{{ name }}" value="{{ typed_day(row[at]) }}" placeholder="jj/mm/aaaa" autocomplete="off"><button type="button" class="icon-button" data-calendar hidden aria-label="Ouvrir le calendrier"><svg class="icon" aria-hidden="true"><use href="/assets/icons.svg#calendar3"></use></svg></button><input type="date" tabindex="-1" aria-hidden="true" value="{{ row[at] or "" }}" hidden></div>
{% else %}<label class="form-label" for="{{ name }}">{{ label }}</label><input class="form-control" type="text" id="{{ name }}" name="{{ name }}" value="{{ typed_amount(row[at]) if kind == "money" else row[at] or "" }}" autocomplete="off">{% endif %}</div>
{% endfor %}
<button>Enregistrer</button></form>"""
)
FORM_COLUMNS = (
    "k.version, k.number, k.supplier_id, s.name AS supplier, k.product_id, d.name AS product, k.client_id, c.name AS client, k.partner_id, p.name AS partner,"
    " k.status, k.amount, k.currency, k.valued_on, k.effective_on, k.renews_on, k.last_movement_on, k.holder, k.reference"
)
FIELDS = (
    ("link", "supplier_id", "Fournisseur", 2),
    ("text", "number", "Numéro de contrat", 1),
    ("link", "product_id", "Produit", 4),
    ("link", "client_id", "Client", 6),
    ("link", "partner_id", "Partenaire", 8),
    ("choice", "status", "État", 10),
    ("money", "amount", "Encours", 11),
    ("text", "currency", "Devise", 12),
    ("date", "valued_on", "Valorisé le", 13),
    ("date", "effective_on", "Date d’effet", 14),
    ("date", "renews_on", "Échéance", 15),
    ("date", "last_movement_on", "Dernier mouvement", 16),
    ("text", "holder", "Titulaire transmis par le fournisseur", 17),
    ("text", "reference", "Référence fournisseur", 18),
)
FORM_STATES = (("requested", "En souscription"), ("active", "En vigueur"), ("suspended", "Suspendu"), ("ended", "Terminé"))


def typed_day(value: Any) -> str:
    """A date as a form shows it: 14/03/2019."""
    return "/".join(reversed(str(value).split("-"))) if value else ""


def typed_amount(cents: int | None) -> str:
    return "" if cents is None else f"{cents / 100:,.2f}".translate({44: "\u202f", 46: ","})


def day(value: Any) -> str:
    """A date as the product writes it in French: 14 mars 2019."""
    year, month, number = str(value).split("-")
    return f"{int(number)} {MONTHS[int(month) - 1]} {year}"


def money(cents: int) -> str:
    """An amount as the product writes it in French: 12 345,67 €."""
    return f"{cents / 100:,.2f}".replace(",", "\u202f").replace(".", ",") + "\xa0€"


CAP = 1001
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
    """The rows and the total of a page: of the whole house, or (`p`) of one partner, as its own portal shows it."""
    whole_size = "SELECT max(id) FROM contract" if IS_SQLITE else "SELECT reltuples::bigint FROM pg_class WHERE oid = 'contract'::regclass"
    values: dict[str, Any] = {"p": int(asked["p"][0])} if "p" in asked else {}
    mine = "AND partner_id = @p" if values else ""
    size = f"SELECT count(*) FROM (SELECT 1 FROM contract WHERE partner_id = @p LIMIT {CAP}) t" if values else whole_size
    if kind in ("list", "deep"):
        place = int(asked.get("after", ["2147483647"])[0])
        top = f"SELECT id FROM contract WHERE id < @after {mine} ORDER BY id DESC LIMIT 50"
        return joined(top, "k.id DESC", values | {"after": place}), run(size, values)[0][0]
    if kind == "partner":
        return joined("SELECT id FROM contract WHERE partner_id = @p ORDER BY amount DESC, id DESC LIMIT 50", "k.amount DESC, k.id DESC", values), run(size, values)[0][0]
    words = asked["q"][0]
    if IS_SQLITE:
        found = "SELECT rowid FROM contract_fts WHERE contract_fts MATCH @words"
        values |= {"words": f'"{words}"'}
        if mine:
            top = f"SELECT id FROM contract WHERE id IN ({found}) {mine} ORDER BY id DESC LIMIT 50"
            total = f"SELECT count(*) FROM (SELECT 1 FROM contract WHERE id IN ({found}) {mine} LIMIT {CAP}) t"
        else:
            top, total = (
                f"{found.replace('rowid', 'rowid AS id', 1)} ORDER BY rowid DESC LIMIT 50",
                f"SELECT count(*) FROM ({found.replace('rowid', '1', 1)} LIMIT {CAP}) t",
            )
    else:
        values |= {"words": f"%{words}%"}
        top = f"SELECT id FROM contract WHERE search_text LIKE @words {mine} ORDER BY id DESC LIMIT 50"
        total = f"SELECT count(*) FROM (SELECT 1 FROM contract WHERE search_text LIKE @words {mine} LIMIT {CAP}) t"
    return joined(top, "k.id DESC", values), run(total, values)[0][0]


def joined(top: str, order: str, values: dict[str, Any]) -> list[Any]:
    return run(f"SELECT {COLUMNS} FROM contract k JOIN ({top}) top ON top.id = k.id {JOINS} ORDER BY {order}", values)


def app(environ: dict[str, Any], start: Callable) -> list[bytes]:
    kind, asked = environ["PATH_INFO"].strip("/"), parse_qs(environ.get("QUERY_STRING", ""))
    if kind == "edit":
        row = run(f"SELECT {FORM_COLUMNS} FROM contract k {JOINS} WHERE k.id = @id", {"id": int(asked["id"][0])})[0]
        page = FORM.render(row=row, fields=FIELDS, states=FORM_STATES, typed_day=typed_day, typed_amount=typed_amount)
    elif kind not in ("list", "deep", "search", "partner"):
        start("404 Not Found", [("Content-Length", "0")])
        return [b""]
    else:
        rows, total = rows_of(kind, asked)
        page = PAGE.render(rows=rows, total=total, heads=HEADS, states=STATES, day=day, money=money)
    body = page.encode()
    start("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]

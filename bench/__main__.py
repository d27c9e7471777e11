"""`make bench`: lists of 50 contracts among 60,000 and 1,000,000, on SQLite and PostgreSQL, beside the limit and a stock view.

BENCH="--size ordinary --database sqlite" narrows it; BENCH="--clients" searches among 200,000 clients instead; the large house needs about 3 GB of disk and some minutes to fill.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from sqlalchemy import create_engine, make_url, text
from werkzeug.security import generate_password_hash

import config
from app import create_app
from app.extensions import db, let_go
from bench import house, measure
from tests.databases import postgres_server

SIZES = {"ordinary": (500, 20_000, 60_000), "large": (5_000, 200_000, 1_000_000)}
ROUNDS = 5  # over all pages, so that no page has the machine's slow minute to itself
LIMIT = {"sqlite": 3.0, "postgresql": 2.3}
WORDS = {"/contracts": "lambert12", "/portal/contracts": "lambert"}  # a name that the partner's own clients bear too


class BenchConfig(config.Config):
    SECRET_KEY = "bench"


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'bench.db'}"
        return
    folder.chmod(0o755)
    for server in postgres_server(folder / "postgres"):
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("CREATE DATABASE bench"))
            connection.execute(text("ALTER SYSTEM SET shared_buffers = '512MB'"))
        engine.dispose()
        yield make_url(server).set(database="bench").render_as_string(hide_password=False)


def pages(deep: int, portal: bool) -> dict[str, tuple[str, str]]:
    """Each page's address here and at the limit."""
    base = "/portal/contracts" if portal else "/contracts"
    mine, narrowed = ("&p=1", "?sort=-amount") if portal else ("", "?partner_id=1&sort=-amount")
    after = json.dumps([None, deep]).replace(" ", "").replace('"', "%22")
    own = {} if portal else {"edit form": (f"{base}/{deep}/edit", f"/edit?id={deep}")}
    return {
        "first": (f"{base}/", f"/list?{mine}"),
        "deep": (f"{base}/?after={after}", f"/deep?after={deep}{mine}"),
        "search": (f"{base}/?q={WORDS[base]}", f"/search?q={WORDS[base]}{mine}"),
        "partner + sort": (f"{base}/{narrowed}", "/partner?p=1"),
        **own,
    }


def bench(kind: str, size: str, folder: Path) -> float:
    partners, clients, contracts = SIZES[size]
    print(f"\n{kind}, {contracts:,} contracts, {clients:,} clients, {partners:,} partners: filling …", flush=True)
    with database(kind, folder) as url:
        app = create_app(BenchConfig, SQLALCHEMY_DATABASE_URI=url, INSTANCE=str(folder))
        house.fill(app, partners, clients, contracts)
        cookies = {role: f"cordee={value}" for role, value in house.visitors(app, generate_password_hash("bench password", method="pbkdf2:sha256:1000")).items()}
        deep = house.deep_place(app)
        environment = {"DATABASE_URL": url.replace("+psycopg", ""), "SECRET_KEY": "bench", "CORDEE_INSTANCE": str(folder), "BENCH_URL": url, "SESSION_COOKIE_SECURE": "0"}
        with app.app_context():
            let_go()
        with (
            measure.server("app:create_app()", **environment) as ours,
            measure.server("bench.raw_best:app", **environment) as limit,
            measure.server("bench.stock:create_app()", **environment) as stock,
        ):
            form = compare(kind, size, app, cookies, deep, ours, limit, stock)
        starts = [measure.start_to_first_answer(**environment) for _turn in range(5)]
        print(f"  start to first answer: {median(starts):.2f} s (goal 1.5)")
        with app.app_context():
            let_go()
    return form


def compare(kind: str, size: str, app: Any, cookies: dict[str, str], deep: int, ours: int, limit: int, stock: int) -> float:
    """Prints each page beside the limit and the stock view; returns the edit form's median in milliseconds."""
    signed_in = measure.stock_cookie(stock)
    stock_pages = {
        "first": "/contracts/list/",
        "deep": f"/contracts/list/?page_ContractStock={500 if size == 'ordinary' else 10_000}&psize_ContractStock=50",
        "search": f"/contracts/list/?_flt_2_number={WORDS['/contracts']}",
        "partner + sort": "/contracts/list/?_flt_0_partner=1&_oc_ContractStock=amount&_od_ContractStock=desc",
        "edit form": f"/contracts/edit/{deep}",
    }
    stock_times: dict[str, float] = {}
    medians: dict[str, float] = {}
    print(f"  {'':<15}{'role':<15}{'statements':>11}{'median ms':>11}{'p95 ms':>9}{'kB':>6}{'× raw_best':>12}{'stock ms':>10}{'stock ÷ ours':>14}")
    cells = [(name, role, *addresses) for role in cookies for name, addresses in pages(deep, role == "partner").items()]
    rounds = [[measure.side_by_side((ours, path, cookies[role]), (limit, bare, "")) for _name, role, path, bare in cells] for _round in range(ROUNDS)]
    for (name, role, path, _bare), taken in zip(cells, zip(*rounds, strict=True), strict=True):
        mine, best = (measure.together(each) for each in zip(*taken, strict=True))
        same = measure.same_fields if name == "edit form" else measure.same_cells
        if not same(mine.body, best.body):
            raise SystemExit(f"{name}: not the same as raw_best shows")
        if role == "administrator":
            stock_times[name] = measure.page(stock, stock_pages[name], signed_in, turns=3, warm=1).median
        medians[name] = mine.median
        ratio = measure.ratio(mine, best)
        verdict = "" if ratio <= LIMIT[kind] else " !"
        count = statements(app, path, cookies[role])
        print(
            f"  {name:<15}{role:<15}{count:>11}{mine.median:>11.1f}{mine.p95:>9.1f}{len(mine.body) / 1000:>6.0f}{f'{ratio:.2f}{verdict}':>12}{stock_times[name]:>10.0f}{stock_times[name] / mine.median:>14.0f}",
            flush=True,
        )
    return medians["edit form"]


def statements(app: Any, path: str, cookie: str) -> int:
    browser = app.test_client()
    browser.set_cookie("cordee", cookie.removeprefix("cordee="))
    browser.get(path)
    with app.app_context():
        engines = list(db.engines.values())
    with measure.counted(engines) as sent:
        browser.get(path)
    return len(sent)


SOUGHT = ("lambert12", "éloïse", "mbert", "dur 4", "zzz")  # a name, accents, a part of one, two parts, nothing


def bench_clients(kind: str, folder: Path) -> None:
    """How long a search by parts of a name takes among 200,000 clients, as an administrator and as a partner."""
    partners, clients, _contracts = SIZES["large"]
    print(f"\n{kind}, {clients:,} clients, {partners:,} partners: filling …", flush=True)
    with database(kind, folder) as url:
        app = create_app(BenchConfig, SQLALCHEMY_DATABASE_URI=url, INSTANCE=str(folder))
        house.fill(app, partners, clients, 1_000)
        cookies = {role: f"cordee={value}" for role, value in house.visitors(app, generate_password_hash("bench password", method="pbkdf2:sha256:1000")).items()}
        environment = {"DATABASE_URL": url.replace("+psycopg", ""), "SECRET_KEY": "bench", "CORDEE_INSTANCE": str(folder), "SESSION_COOKIE_SECURE": "0"}
        with app.app_context():
            let_go()
        with measure.server("app:create_app()", **environment) as ours:
            print(f"  {'search for':<15}{'role':<15}{'statements':>11}{'median ms':>11}{'p95 ms':>9}")
            for role, cookie in cookies.items():
                for words in SOUGHT:
                    path = f"{'/portal' if role == 'partner' else ''}/clients/?q={quote(words)}"
                    taken = measure.page(ours, path, cookie, turns=60, warm=3)
                    print(f"  {words:<15}{role:<15}{statements(app, path, cookie):>11}{taken.median:>11.1f}{taken.p95:>9.1f}", flush=True)
        with app.app_context():
            let_go()


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--clients", action="store_true")
    asked.add_argument("--size", choices=SIZES, action="append")
    asked.add_argument("--database", choices=LIMIT, action="append")
    options = asked.parse_args()
    if options.clients:
        for kind in options.database or LIMIT:
            folder = Path(tempfile.mkdtemp(prefix="cordee-bench-"))
            try:
                bench_clients(kind, folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        return
    forms: dict[str, list[float]] = {}
    for size in options.size or SIZES:
        for kind in options.database or LIMIT:
            folder = Path(tempfile.mkdtemp(prefix="cordee-bench-"))
            try:
                forms.setdefault(kind, []).append(bench(kind, size, folder))
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    for kind, (small, large) in ((kind, taken) for kind, taken in forms.items() if len(taken) == 2):
        print(f"{kind}: edit form with 200,000 clients ÷ with 20,000: {large / small:.2f} (goal: the same time)")


if __name__ == "__main__":
    main()

"""Exports of what a list shows, filtered and in its order: CSV streamed as it is read, XLSX built in bounded memory."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import xlsxwriter
from anyascii import anyascii
from babel.numbers import get_decimal_symbol
from flask import Response, stream_with_context
from flask_babel import get_locale, gettext, to_user_timezone
from sqlalchemy.orm import Session

from app.extensions import db, reads_only
from app.models import Choice, Listed, now
from app.models.custom import named
from app.views.base.columns import Column, bears_currency, column_of
from app.views.base.listing import Listing

PIECE = 500
LARGEST_SHEET = 1_048_575  # rows below the head, Excel's own limit
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def file_name(plural: str, ending: str) -> str:
    stem = re.sub(r"[^0-9A-Za-zÀ-ÿ]+", "-", plural).strip("-").lower()
    return f"{stem}-{now():%Y-%m-%d}.{ending}"


def disposition(name: str) -> str:
    return f"attachment; filename=\"{anyascii(name)}\"; filename*=UTF-8''{quote(name)}"


def harmless(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(DANGEROUS) else value


def plain(column: Column, value: Any) -> Any:
    """A value for a sheet: numbers and dates as such, everything else as text."""
    if value is None:
        return ""
    if isinstance(value, Choice | Listed):
        return str(value.label)
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, datetime):
        return to_user_timezone(value).replace(tzinfo=None, second=0, microsecond=0)
    if isinstance(value, dict):
        return named(value)
    return ", ".join(value) if isinstance(value, list) else value


def reader(listing: Listing) -> tuple[list[str], Iterator[list[Any]]]:
    """The head and an iterator over the rows, which the database hands over piece by piece."""
    columns = [column_of(listing.model, name) for name in listing.columns]
    statement, values = listing.everything().execution_options(yield_per=PIECE), listing.values
    keys = [f"{column.name}_label" if column.kind == "link" else column.name for column in columns]
    head = [str(column.label) for column in columns]
    money = bears_currency(listing.model, listing.columns)
    if money:
        head.append(gettext("Currency"))

    info = {key: listing.session.info.get(key) for key in ("scope", "actor")}

    def rows() -> Iterator[list[Any]]:
        with own_session(info) as session:
            for row in session.execute(statement, values):
                cells = row._mapping
                yield [plain(column, cells[key]) for column, key in zip(columns, keys, strict=True)] + ([cells["currency_of_row"]] if money else [])

    return head, rows()


@contextmanager
def own_session(info: dict[str, Any]) -> Iterator[Session]:
    """A session for reading that outlives the request's, under the same scope: a stream is sent after the request has ended."""
    reads_only.set(True)
    session = Session(db.engine, info=info)
    try:
        yield session
    finally:
        session.close()
        reads_only.set(False)


def csv_response(listing: Listing, plural: str) -> Response:
    """UTF-8 with a byte order mark and semicolons, which French spreadsheets open as they are."""
    head, rows = reader(listing)

    decimal = get_decimal_symbol(str(get_locale()))

    def cell(value: Any) -> Any:
        return (
            str(value).replace(".", decimal)
            if isinstance(value, Decimal)
            else harmless(value)
            if isinstance(value, str)
            else f"{value:%Y-%m-%d %H:%M}"
            if isinstance(value, datetime)
            else value
        )

    def pieces() -> Iterator[str]:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL)  # a reader that splits at commas finds no formula either
        out.write("\ufeff")
        writer.writerow([harmless(title) for title in head])
        for number, row in enumerate(rows, 1):
            writer.writerow([cell(value) for value in row])
            if number % PIECE == 0:
                yield out.getvalue()
                out.seek(0)
                out.truncate()
        yield out.getvalue()

    response = Response(stream_with_context(pieces()), mimetype="text/csv")
    response.headers["Content-Disposition"] = disposition(file_name(plural, "csv"))
    return response


def xlsx_response(listing: Listing, plural: str) -> Response:
    """Written row by row to a file on disk, then sent from there; the workbook is never whole in memory."""
    head, rows = reader(listing)
    spool = tempfile.NamedTemporaryFile(suffix=".xlsx")  # noqa: SIM115 - it lives until the response has been sent
    book = xlsxwriter.Workbook(spool.name, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "default_date_format": "dd/mm/yyyy"})
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    bold, to_the_minute = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    for at, title in enumerate(head):
        sheet.write_string(0, at, title, bold)
    for number, row in enumerate(rows, 1):
        if number > LARGEST_SHEET:
            sheet.write_string(number, 0, gettext("The rest is more than Excel can hold. Please export as CSV."))
            break
        for at, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, at, value)
            elif isinstance(value, datetime):
                sheet.write_datetime(number, at, value, to_the_minute)
            else:
                sheet.write(number, at, value)
    book.close()

    def pieces() -> Iterator[bytes]:
        while piece := spool.read(64 * 1024):
            yield piece

    response = Response(pieces(), mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    response.headers["Content-Disposition"] = disposition(file_name(plural, "xlsx"))
    response.call_on_close(spool.close)
    return response

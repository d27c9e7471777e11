"""Rows of a table as HTML. They are filled into a ready pattern here and not in a template: everything that does not depend on
the row (labels, classes, the way a kind is written) is worked out once, which is most of the work."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from html import escape as escape_html  # markupsafe's own takes five times as long, and its results are only joined here
from typing import Any

from flask_babel import get_locale, gettext
from markupsafe import Markup

from app.views.base.columns import column_of, writer_for

escape = lru_cache(maxsize=20_000)(escape_html)  # the same few suppliers, products and names stand in row after row
TICK = '<td class="tick-cell"><input type="checkbox" class="form-check-input" name="ids" value="%d" aria-label="{}"></td>'


@lru_cache(maxsize=1_000)
def row_writer(model: Any, columns: tuple[str, ...], base: str, ticks: bool, locale: str) -> Callable[[Any], str]:
    """A function that writes one row of `shape_of(model, columns, …)`, whose values come in that order."""
    pattern = [f'<tr data-href="{base}/%d">', TICK.format(escape(gettext("Select"))) if ticks else ""]
    writers: list[tuple[int, Callable[[Any, str], str] | None]] = []
    at = 2  # after the id and the value sorted by
    for number, name in enumerate(columns):
        column = column_of(model, name)
        opening = f'<td class="k-{column.kind}" data-label="{escape(str(column.label)).replace("%", "%%")}">'
        pattern.append(f'{opening}<a href="{base}/%d" class="row-link">%s</a></td>' if number == 0 else f"{opening}%s</td>")
        is_link = column.kind == "link"
        writers.append((at + is_link, None if is_link or column.kind in ("line", "text") else writer_for(column, locale)))
        at += 1 + is_link
    pattern.append("</tr>")
    whole, has_currency = "".join(pattern), any(column_of(model, name).kind == "money" for name in columns)

    def write(row: Any) -> str:
        currency = (row[at] or "EUR") if has_currency else "EUR"
        cells = ["" if (value := row[place]) is None or value == "" else escape(value) if writer is None else writer(value, currency) for place, writer in writers]
        key = row[0]
        return whole % ((key, key, key, cells[0] or "—", *cells[1:]) if ticks else (key, key, cells[0] or "—", *cells[1:]))

    return write


def written_rows(model: Any, columns: tuple[str, ...], rows: list[Any], base: str, ticks: bool = False) -> Markup:
    """All rows of a table body."""
    return Markup("\n".join(map(row_writer(model, tuple(columns), base, ticks, str(get_locale())), rows)))  # noqa: S704 - each writer escapes its value

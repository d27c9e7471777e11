"""Rows of a table as HTML. They are filled into a ready pattern here and not in a template: everything that does not depend on
the row (labels, classes, the way a kind is written) is worked out once, which is most of the work."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from html import escape as escape_html  # markupsafe's own takes five times as long, and its results are only joined here
from typing import Any, NamedTuple

from flask_babel import get_locale, gettext
from markupsafe import Markup

from app.models.base import in_data
from app.views.base.columns import bears_currency, column_of, writer_for
from app.views.base.remembered import remembers_words
from app.views.base.statements import Under

escape = lru_cache(maxsize=20_000)(escape_html)  # the same few suppliers, products and names stand in row after row
MENU = '<td class="menu-cell"></td>'  # its button opens a panel by script, and comes with the script
TICK = '<td class="tick-cell"><input type="checkbox" name="ids" value="%d" aria-label="{}"></td>'


class Dress(NamedTuple):
    """What a row shows beside its columns: second facts under some, a box to tick, a menu."""

    under: Under = ()
    ticks: bool = False
    menu: bool = False


def write_worded(value: str, currency: str) -> str:
    """The name of a record that translators put into other languages."""
    return escape(in_data(value))


@remembers_words
@lru_cache(maxsize=1_000)
def row_writer(model: Any, columns: tuple[str, ...], base: str, dress: Dress, locale: str) -> Callable[[Any], str]:
    """A function that writes one row of `shape_of(model, columns, …, under)`, whose values come in that order."""
    pattern = [f'<tr data-href="{base}/%d">', TICK.format(escape(gettext("Select"))) if dress.ticks else ""]
    writers: list[tuple[int, Callable[[Any, str], str] | None, str]] = []
    seconds = dict(dress.under)
    at = 2  # after the id and the value sorted by
    places: dict[str, tuple[int, Callable[[Any, str], str] | None]] = {}
    for name in (*columns, *seconds.values()):
        column = column_of(model, name)
        is_link = column.kind == "link"
        writer = None if is_link or column.kind in ("line", "text") else writer_for(column, locale)
        place = (at + is_link, write_worded if is_link and getattr(column.target, "is_worded", False) else writer)
        places.setdefault(name, place)
        at += 1 + is_link
    for number, name in enumerate(columns):
        column = column_of(model, name)
        pattern.append(f'<td class="k-{column.kind}" data-label="{escape(str(column.label)).replace("%", "%%")}">')
        pattern.append(f'<a href="{base}/%d" class="row-link">%s</a>' if number == 0 else "%s")
        writers.append((*places[name], "—" if number == 0 or name in seconds else ""))  # a cell that is all empty gets its dash from the stylesheet
        if name in seconds:
            pattern.append('<span class="second">%s</span>')
            writers.append((*places[seconds[name]], ""))
        pattern.append("</td>")
    pattern.append(MENU if dress.menu else "")
    pattern.append("</tr>")
    whole, has_currency = "".join(pattern), bears_currency(model, places)
    ticks = dress.ticks

    def write(row: Any) -> str:
        currency = (row[at] or "EUR") if has_currency else "EUR"
        cells = [
            blank if (value := row[place]) is None or value == "" else escape(value) if writer is None else writer(value, currency) for place, writer, blank in writers
        ]
        key = row[0]
        return whole % ((key, key, key, *cells) if ticks else (key, key, *cells))

    return write


def written_rows(model: Any, columns: tuple[str, ...], rows: list[Any], base: str, dress: Dress = Dress()) -> Markup:
    """All rows of a table body."""
    return Markup("\n".join(map(row_writer(model, tuple(columns), base, dress, str(get_locale())), rows)))  # noqa: S704 - each writer escapes its value

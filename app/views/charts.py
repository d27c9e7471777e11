"""Charts: drawn here as SVG, each an address of its own with its table and its CSV beside it."""

from __future__ import annotations

import csv
import io
import secrets
import sys
from functools import cache
from typing import Any

from babel.numbers import get_decimal_symbol
from flask import Response, abort, render_template, request
from flask_babel import format_decimal, get_locale, gettext

from app.extensions import db
from app.models.scope import scope_of
from app.permissions import READ
from app.services.figures import FIGURES, Figure, Rows
from app.services.people import Person
from app.views.base import SIGNED_IN, HouseView, page, signed_in
from app.views.base.columns import amount
from app.views.base.minute import KEPT, kept_a_minute
from app.views.base.sheets import disposition, file_name, harmless

INK = {"light": ("#10202f", "#4a5b6c", "#e3e7ed", "#14569b"), "dark": ("#e8edf3", "#9fb0c2", "#2a3441", "#6fb1f2")}  # ink, quiet, line, glacier
SYSTEM = "system-ui, -apple-system, Segoe UI, Roboto, Liberation Sans, sans-serif"


@cache
def painter() -> Any:
    """pygal, imported with the first chart: it takes a tenth of the time that the house needs to start. It puts an importer of a
    kind that Python no longer knows on the path, for maps that we do not draw."""
    import pygal
    import pygal.style

    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]
    return pygal


def figures_of(who: Person) -> list[Figure]:
    """The figures this person may see, in the order of the page."""
    return [figure for figure in FIGURES.values() if any(who.may(access, READ) and access.is_portal is not who.is_staff for access in figure.accesses)]


def read(figure: Figure) -> Rows:
    """The figure's table under this person's scope, kept for a minute."""
    return kept_a_minute(("figure", figure.name, scope_of(db.session()), get_locale()), lambda: figure.read(db.session()))


def words_of(figure: Figure, value: Any) -> str:
    return amount(value, "EUR", str(get_locale())) if figure.is_money else format_decimal(value)


def drawn(figure: Figure, rows: Rows, theme: str, nonce: str, narrow: bool = False) -> str:
    """The SVG: bars along time, else lying bars with the largest on top; half as wide for a phone, with the same letters. Its one style carries the nonce of its response."""
    ink, quiet, line, glacier = INK[theme]
    size, width = (11 if narrow else 13 if figure.over_time else 16), 340 if narrow else 680
    height = 300 if figure.over_time or narrow else 60 + 32 * max(len(rows), 3)
    pygal = painter()
    style = pygal.style.Style(
        background="transparent", plot_background="transparent", foreground=quiet, foreground_strong=ink, foreground_subtle=line, colors=(glacier,), font_family=SYSTEM,
        label_font_size=size, major_label_font_size=size, value_font_size=14, no_data_font_size=16, opacity="1", opacity_hover="1", guide_stroke_color=line, major_guide_stroke_color=line,
    )  # fmt: skip
    kind = pygal.Bar if figure.over_time else pygal.HorizontalBar
    chart = kind(
        style=style, width=width, height=height, js=[], show_legend=False, disable_xml_declaration=True, print_values=False,
        no_data_text=gettext("Nothing here yet."), margin=4, margin_right=10 if narrow else 28, spacing=6 if narrow else 12, truncate_label=16 if narrow and not figure.over_time else -1,
        include_x_axis=True,
        value_formatter=lambda value: words_of(figure, value) if not figure.is_money else short_money(value),
    )  # fmt: skip
    shown = short_months(rows) if figure.over_time else rows[::-1]
    values = [float(value) for _label, value in shown]
    if any(values):
        chart.x_labels, chart.y_labels = [label for label, _value in shown], ticks(max(values))
        if narrow and figure.over_time:
            chart.x_labels_major, chart.show_minor_x_labels = [label for label, _value in shown][::3], False
    else:
        chart.show_x_labels = chart.show_y_labels = chart.show_x_guides = chart.show_y_guides = False
    chart.add("", values if any(values) else [])
    chart.add_xml_filter(without_scripts)
    return chart.render(is_unicode=True).replace('<style type="text/css">', f'<style nonce="{nonce}">')


def ticks(largest: float) -> list[float]:
    """Four or five round values from nought to beyond the largest."""
    power = 10.0 ** (len(f"{int(largest / 4)}") - 1)
    step = next((power * times for times in (1, 2, 2.5, 5, 10) if power * times * 4 >= largest and (power * times) % 1 == 0), power * 10)
    return [step * number for number in range(5) if step * (number - 1) < largest]


def short_months(rows: Rows) -> Rows:
    """The year stands under each January in two digits, and under the first month unless January follows it at once."""
    years = [label[-4:] for label, _value in rows]
    dated = {number for number, year in enumerate(years) if (years[number - 1] != year if number else years[:2] == [year] * 2)}
    return [(f"{label[:-5]}{f' {label[-2:]}' if number in dated else ''}", value) for number, (label, value) in enumerate(rows)]


def without_scripts(root: Any) -> Any:
    """pygal writes its settings into every picture as a script, for a script of its own that we do not send."""
    for parent in list(root.iter()):
        for child in [each for each in parent if str(each.tag).rpartition("}")[2] == "script"]:
            parent.remove(child)
    return root


def short_money(value: float) -> str:
    """An axis's amount: « 12 M€ », « 350 k€ »."""
    for size, letter in ((1e9, "Md€" if get_locale().language == "fr" else "bn €"), (1e6, "M€"), (1e3, "k€")):
        if value >= size:
            return f"{format_decimal(round(value / size, 1))}\u00a0{letter}"
    return f"{format_decimal(round(value))}\u00a0€"


class ChartsView(HouseView):
    """Which figures there are follows from one's rights; any other name is not found."""

    access, frame, route_base = SIGNED_IN, "bare", "/charts"

    def figure(self, name: str) -> Figure:
        return next((figure for figure in figures_of(signed_in()) if figure.name == name), None) or abort(404)

    @page("/<name>")
    def show(self, name: str) -> str:
        figure = self.figure(name)
        rows = [(label, words_of(figure, value)) for label, value in read(figure)]
        return render_template("home/chart.html", figure=figure, rows=rows)

    @page("/<name>.svg")
    def picture(self, name: str) -> Response:
        figure, nonce = self.figure(name), secrets.token_urlsafe(16)
        theme = "dark" if request.args.get("theme") == "dark" else "light"
        response = Response(drawn(figure, read(figure), theme, nonce, request.args.get("narrow") == "1"), mimetype="image/svg+xml")
        response.headers["Content-Security-Policy"] = f"default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors 'none'"
        response.headers["Cache-Control"] = f"private, max-age={KEPT}"
        return response

    @page("/<name>.csv")
    def table(self, name: str) -> Response:
        figure, out = self.figure(name), io.StringIO()
        writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL)
        out.write("\ufeff")
        writer.writerow([str(figure.label), str(figure.unit)])
        decimal = get_decimal_symbol(str(get_locale()))
        writer.writerows([harmless(label), str(value).replace(".", decimal)] for label, value in read(figure))
        response = Response(out.getvalue(), mimetype="text/csv")
        response.headers["Content-Disposition"] = disposition(file_name(str(figure.title), "csv"))
        return response

"""An edit form as it opens. Everything but the record is the same each time, so the page is rendered once, with marks in the places
of what differs, and kept. What somebody has typed or was told stands on no page kept here."""

from __future__ import annotations

import secrets
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import g, render_template, request, session
from markupsafe import Markup
from wtforms import Field

from app.views.base import controls, drafts
from app.views.base.forms import HouseForm, LookupField, form_for
from app.views.base.guards import signed_in
from app.views.base.kept import fragments, language, topbar
from app.views.base.remembered import remembers_words
from app.views.cookies import csrf_token

if TYPE_CHECKING:
    from app.views.base.entity import EntityView

HOMES = {"staff": "/", "portal": "/portal/"}


class Mark(NamedTuple):
    """The place of something that differs; where a template expects a record, the place of its name."""

    name: str

    def __str__(self) -> str:
        return f"{controls.MARK}{self.name}{controls.MARK}"

    __html__ = __str__


class Page(NamedTuple):
    """A page in pieces: after each text comes what has this name."""

    texts: tuple[str, ...]
    names: tuple[str, ...]
    end: str

    def filled(self, values: dict[str, str]) -> str:
        return "".join([piece for text, name in zip(self.texts, self.names, strict=True) for piece in (text, values[name])]) + self.end


@lru_cache(maxsize=2_000)
def in_pieces(html: str) -> Page:
    *pieces, end = str.split(html, controls.MARK)
    return Page(tuple(pieces[::2]), tuple(pieces[1::2]), end)


def is_as_usual(view: EntityView) -> bool:
    """Whether this request opens a form and no more: no dialog, no draft to offer, nothing to tell from the page before, and no
    form that its view makes in a way of its own."""
    return not (g.waiting.drafts or view.own_form or "dialog" in request.args or "_flashes" in session)


def written(view: EntityView, record: Any, names: dict[str, str]) -> str:
    """The page; `names` holds what the records are called that this one's foreign keys point at."""
    form, who = bound_once(form_for(view.model, view.fields, view.narrow)), signed_in()
    key = ("form", view.endpoint, form, language(), who.key, who.theme, who.density)
    page = in_pieces(fragments().get_or_make(key, lambda: rendered(view, form)))
    values = {
        "record": escape(str(record)),
        "version": str(record.version),
        "leave": f"{view.route_base}/{record.id}",
        "place": escape(drafts.place()),
        "token": secrets.token_hex(6),
        "csrf": csrf_token(),
        "topbar": topbar(view.frame, HOMES[view.frame]),
    }
    for name, field in form._fields.items():
        own = copied(field)
        own.process(None, getattr(record, name))
        if isinstance(own, LookupField):
            own.known = names.get(name)
        for at, value in enumerate(controls.values_of(own)):
            values[f"{name}.{at}"] = value
    return page.filled(values)


@remembers_words
@lru_cache(maxsize=500)
def bound_once(form: type[HouseForm]) -> HouseForm:
    """A form whose fields are copied for each request: binding them costs more than filling them."""
    return form(formdata=None)


def copied(field: Field) -> Any:
    """A field of one's own to put a value in; copy() would make an unbound one."""
    own = object.__new__(type(field))
    own.__dict__.update(field.__dict__)
    return own


def rendered(view: EntityView, form: HouseForm) -> str:
    """The page that form_page() shows, with marks."""
    return render_template(
        view.form_template,
        **view.form_facts(form, Mark("record")),
        version=Mark("version"),
        leave=Mark("leave"),
        draft={"place": Mark("place"), "held": "", "token": Mark("token")},
        field=marked_field,
        csrf=lambda: Markup('<input type="hidden" name="csrf_token" value="{}">').format(Mark("csrf")),
        topbar=lambda *frame: Mark("topbar"),
    )


def marked_field(form: HouseForm, name: str, *facts: Any, **more: Any) -> Markup:
    """A field with the names of its values in their places."""
    around = controls.around_field(form, name, *facts, **more)
    *pieces, end = str.split(around, controls.MARK)
    return Markup("".join(f"{piece}{Mark(f'{name}.{at}')}" for at, piece in enumerate(pieces)) + end)  # noqa: S704 - our own HTML

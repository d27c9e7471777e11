"""What every page stands in: who is asking, the headers that keep it safe, the words templates share, and error pages."""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cache, lru_cache
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, redirect, render_template, request, session
from flask_babel import format_date, format_decimal, get_locale, gettext, lazy_gettext as _, to_user_timezone
from flask_wtf.csrf import CSRFError
from markupsafe import Markup
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import IntegerConverter

from app.extensions import db, reads_only
from app.models import today
from app.models.base import in_data
from app.models.scope import NOBODY, OutOfScope
from app.permissions import PARTNER_ROLES, STAFF_ROLES
from app.services import client_links, factors, jobs, once, people, sign_ins
from app.services.files import StoreGone
from app.services.identifiers import grouped
from app.services.questionnaires import reading, said_in
from app.views import fragments, guides, proofs, screening
from app.views.base import controls, importing, kept, showing
from app.views.base.columns import amount, choice_badge, column_of, moment, percent
from app.views.base.guards import person
from app.views.base.listing import HIGHEST_ID
from app.views.cookies import KeptCookies
from app.views.lapsed import door_of_ended_session, form_of_another_session
from app.views.menu import menu_html

POLICY = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
PAGE_HEADERS = {**HEADERS, "Cache-Control": "private, no-store", "Vary": "Cookie"}
BOOTSTRAP = package_files("flask_bootstrap") / "static" / "bootstrap5"
READING = ("GET", "HEAD", "OPTIONS")


class RecordNumber(IntegerConverter):
    """A record's number in an address; one too large for the database is simply not found."""

    def __init__(self, map: Any) -> None:
        super().__init__(map, min=0, max=HIGHEST_ID)


def bind(app: Flask) -> None:
    """Hangs the frame on the application."""
    app.extensions["cordee_fragments"] = kept.Fragments()
    app.extensions["cordee_totals"] = {}  # of long lists: (total, until when it is believed)
    app.session_interface = KeptCookies()
    app.before_request(meet)
    app.after_request(dress)
    app.teardown_request(leave)
    app.register_error_handler(Exception, explain)
    app.add_url_rule("/assets/bootstrap.min.css", "bootstrap", bootstrap)
    app.add_url_rule("/assets/icons.svg", "icons", icons)
    app.context_processor(lambda: {"locale": get_locale().language, "theme": theme(), "density": density(), "person": person(), "guest": g.get("guest")})
    app.jinja_env.globals.update(
        app_name=app.config["APP_NAME"],
        house_name=app.config["HOUSE_NAME"],
        languages=app.config["LANGUAGES"],
        menu_html=menu_html,
        topbar=kept.topbar,
        list_actions=fragments.list_actions,
        list_head=fragments.list_head,
        bulk_bar=fragments.bulk_bar,
        row_panel=fragments.row_panel,
        once_later=kept.once_input(kept.ONCE_GOES_HERE),
        list_tools=fragments.list_tools,
        list_views=fragments.list_views,
        column_of=column_of,
        filter_panel=fragments.filter_panel,
        query_later=kept.QUERY_GOES_HERE,
        heads=showing.heads,
        brings_in=importing.brings_in,
        icon=kept.icon,
        csrf=kept.csrf,
        once=kept.once_input,
        csrf_later=Markup('<input type="hidden" name="csrf_token" value="{}">').format(kept.CSRF_GOES_HERE),
        page_later=kept.PAGE_GOES_HERE,
        house_language=app.config["BABEL_DEFAULT_LOCALE"],
        spoken=lambda: get_locale().language,
        initials=initials,
        field=controls.field_html,
        asset_version=asset_version(),
        state=state,
        move_words=move_words,
        proof_words=proofs.proof_words,
        register_words=proofs.register_words,
        add_words=lambda model: str(model.adding),
        said=said_in,
        told=reading.told,
        class_of=reading.class_of,
        reasons_of=reading.reasons_of,
        match_words=screening.match_words,
        frozen_of=screening.frozen_of,
        new_once=once.new_token,
        day_now=today,
        hint_is_due=guides.hint_is_due,
        role_words=role_words,
        devices_of=sign_ins.open_browsers,
        has_second_factor=factors.is_on,
        is_demo=app.config["DEMO"],
    )
    app.jinja_env.filters.update(
        datetime=lambda value: moment(value) if value else "",
        date=lambda day: format_date(day, "medium") if day else "",
        day=lambda value: format_date(to_user_timezone(value), "medium") if value else "",
        worded=in_data,
        masked=jobs.without_secrets,
        identifier=lambda value, kind: grouped(kind, value) if value else "",
        percent=percent,
        number=lambda value: format_decimal(value),
        money=lambda value, currency="EUR": amount(value, currency, str(get_locale())),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def meet() -> None:
    """Finds out who asks, and puts their scope on the session before anything is read."""
    reads_only.set(request.method in READING)
    if request.endpoint in ("static", "bootstrap", "icons"):
        return
    g.guest = None
    if request.path.startswith("/space"):  # a client's own pages, whoever else is signed in here
        g.guest, g.person, g.waiting = client_links.identify(session.get("guest")), None, people.Waiting()
    else:
        g.person, g.waiting = people.identify(session.get("sign_in"))
    current_app.extensions["cordee_words"].notice(g.person.key[2] if g.person else None)
    who = g.person or g.guest
    info = db.session().info
    info["reads"] = reads_only.get()
    info["scope"] = who.scope if who else NOBODY
    info["actor"], info["actor_id"] = (who.name, g.person.id if g.person else None) if who else ("", None)


def leave(error: BaseException | None) -> None:
    reads_only.set(False)


def dress(response: Response) -> Response:
    held = {name for name, _value in response.headers}
    wanted = HEADERS
    if request.endpoint not in ("static", "bootstrap", "icons"):
        wanted = PAGE_HEADERS
        if "Vary" in held:
            response.vary.add("Cookie")
    if current_app.config["SESSION_COOKIE_SECURE"]:
        wanted = wanted | {"Strict-Transport-Security": "max-age=31536000"}
    response.headers.extend([(name, value) for name, value in wanted.items() if name not in held])
    return response


# --- errors -------------------------------------------------------------------------------------

SENTENCES = {
    400: lambda: gettext("This request could not be understood. Please go back and try again."),
    403: lambda: gettext("You do not have the right to open this page. If you need it, ask an administrator."),
    404: lambda: gettext("This page does not exist, or is not yours to see."),
    405: lambda: gettext("This address cannot be opened this way."),
    409: lambda: gettext("Somebody else has just changed the same thing. Nothing of yours has been saved: please open the page again."),
    413: lambda: gettext("What you sent is too large: the limit is %(limit)s MB.", limit=current_app.config["MAX_CONTENT_LENGTH"] // 1024 // 1024),
    500: lambda: gettext("Something went wrong on our side. It has been noted. Nothing you see here was saved."),
    503: lambda: gettext("The service is not available for a moment. Please try again in a minute."),
}


TITLES = {403: lambda: gettext("Not open to you"), 404: lambda: gettext("Nothing here")}


def whom_to_ask() -> str:
    return gettext("You do not have the right to open this page. If you need it, ask the owner of your company’s account, or your account manager.")


def explain(error: Exception) -> Any:
    """Every error becomes a page in the reader's language; a stack trace goes to the log and nowhere else."""
    db.session.remove()  # also a session that broke while it was committing
    if isinstance(error, OutOfScope):
        return error_page(404)
    if isinstance(error, OperationalError):
        current_app.logger.exception("the database did not answer")
        return error_page(503)
    if isinstance(error, StoreGone):
        current_app.logger.error("%s", error)
        return error_page(503)
    if isinstance(error, StaleDataError | IntegrityError):
        current_app.logger.info("lost a race: %s", error)
        return error_page(409)
    if isinstance(error, MethodNotAllowed) and request.method == "GET" and (above := page_above(request.path)):
        return redirect(above)
    if isinstance(error, CSRFError) and (door := door_of_ended_session()) is not None:
        return door
    if isinstance(error, CSRFError) and (form := form_of_another_session()) is not None:
        return form
    if isinstance(error, CSRFError):
        return error_page(400, gettext("This form has expired. Please go back, reload the page and send it again."))
    if isinstance(error, HTTPException):
        if error.response is not None or (error.code or 500) < 400:
            return error
        return error_page(error.code or 500)
    if current_app.testing and current_app.config.get("RAISE_ERRORS"):
        raise error
    current_app.logger.exception("unexpected error")
    return error_page(500)


def page_above(path: str) -> str | None:
    """The nearest page above the address of a deed: where to go when somebody reloads what only a button opens."""
    routes = current_app.url_map.bind(request.host)
    while path := path.rpartition("/")[0]:
        try:
            routes.match(path, method="GET")
        except HTTPException:
            continue
        return path
    return None


def error_page(code: int, sentence: str | None = None) -> tuple[str, int]:
    known = code if code in SENTENCES else 400 if code < 500 else 500
    who = person()
    own = (
        "space"
        if g.get("guest") is not None and code < 500
        else "visitor"
        if request.path.startswith("/space")
        else "bare"
        if who is None or code >= 500
        else "staff"
        if who.is_staff
        else "portal"
        if who.rights
        else "bare"
    )
    if code == 403 and request.path.startswith("/space"):
        sentence = gettext("This page opens with the link in your e-mail. If you no longer have it, please ask your adviser for a new one.")
    words = sentence or (whom_to_ask() if code == 403 and who is not None and not who.is_staff else SENTENCES[known]())
    try:
        return render_template("errors/error.html", code=code, sentence=words, title=TITLES[code]() if code in TITLES else "", frame=own), code
    except Exception:  # whatever broke the page may be in its frame
        current_app.logger.exception("the error page could not be shown in its frame")
        return render_template("errors/plain.html", code=code, sentence=sentence or SENTENCES[known]()), code


# --- assets from installed packages ---------------------------------------------------------------


def asset(content: bytes, mimetype: str) -> Response:
    """A file made of an installed package, asked for again after an hour, and then sent only if an update has changed it."""
    packed = "gzip" in request.accept_encodings
    response = Response(packed_once(content) if packed else content, mimetype=mimetype)
    response.vary.add("Accept-Encoding")
    if packed:
        response.content_encoding = "gzip"
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.add_etag()
    return response.make_conditional(request)


@lru_cache(maxsize=10)
def packed_once(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def bootstrap() -> Response:
    return asset(bootstrap_css(), "text/css")


@cache
def bootstrap_css() -> bytes:
    """Bootstrap's stylesheet as the wheel brings it, without the pointer to a map that is not served."""
    return re.sub(rb"/\*# sourceMappingURL=.*?\*/", b"", (BOOTSTRAP / "css" / "bootstrap.min.css").read_bytes())


def icons() -> Response:
    return asset(icon_sheet(), "image/svg+xml")


@cache
def icon_sheet() -> bytes:
    """The icons that templates and code name, cut out of the wheel's megabyte of them."""
    everything = (BOOTSTRAP / "icons" / "bootstrap-icons.svg").read_text()
    wanted = sorted(set(re.findall(r'icon(?:\(|": |=)"([a-z0-9-]+)"', sources()) + re.findall(r'"(?:good|warn|bad|quiet)": "([a-z0-9-]+)"', sources())) | icon_names())
    symbols = (re.search(rf'<symbol[^>]*id="{name}".*?</symbol>', everything, re.DOTALL) for name in wanted)
    return ("<svg xmlns='http://www.w3.org/2000/svg'>" + "".join(found.group(0) for found in symbols if found) + "</svg>").encode()


def icon_names() -> set[str]:
    menu = current_app.extensions["cordee_menu"]
    views = current_app.extensions["appbuilder"].baseviews
    return (
        {entry.icon for entry in menu.entries}
        | {getattr(view, "icon", "circle") for view in views}
        | {"check-circle", "x-circle", "clock", "circle", "arrow-up", "arrow-down", "exclamation-triangle", "chevron-left", "chevron-right"}
    )


@cache
def sources() -> str:
    here = Path(__file__).resolve().parents[1]
    return "\n".join(path.read_text() for path in here.rglob("*") if path.suffix in (".html", ".py"))


def asset_version() -> str:
    """Changes when one of our own static files does, so that browsers fetch it again."""
    folder = Path(__file__).resolve().parents[1] / "static"
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.glob("*.*"))))
    return digest.hexdigest()[:10]


# --- words for templates --------------------------------------------------------------------------


def theme() -> str:
    who = person()
    return who.theme if who and who.theme in ("light", "dark") else "auto"


def density() -> str:
    who = person()
    return "compact" if who and who.density == "compact" else "comfortable"


def initials(name: str) -> str:
    return "".join(word[0] for word in name.split()[:2]).upper()


def state(value: Any) -> Markup:
    return choice_badge(value, str(get_locale()))


MOVE_WORDS = {
    "submitted": _("File submitted"),
    "to_sign": _("Agreement offered for signature"),
    "pending_validation": _("Agreement signed"),
    "active": _("Validated"),
    "refused": _("Sent back to be corrected"),
    "suspended": _("Suspended"),
    "closed": _("Closed for good"),
}


def move_words(move: Any) -> str:
    """What happened, where the state alone says only what is to be done next."""
    reopened = move.before.value == "suspended" and move.after.value == "active"
    return gettext("Reactivated") if reopened else str(MOVE_WORDS.get(move.after.value, move.after.label))


def role_words() -> str:
    who = person()
    names = STAFF_ROLES if who and who.is_staff else PARTNER_ROLES
    return ", ".join(str(names.get(name, name)) for name in who.role_names) if who else ""

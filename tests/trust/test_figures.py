"""Rows of TRUST.md, "Doors", counted: sessions, hosts, uploads, history, secrets. The rules behind them have tests of their own."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject
from sqlalchemy import JSON, String, Text, select, text
from sqlalchemy.orm import Session

from app import models as m
from app.extensions import db
from app.models.base import Moment
from app.models.scope import SYSTEM, scoped_classes
from app.services import history, jobs, passwords, sign_ins
from tests.cast import PASSWORD
from tests.views.test_papers import a_picture

NEW = "quite another password"


# --- sessions -------------------------------------------------------------------------------------


def staff_form(cast: Any, user: Any, **changes: Any) -> dict[str, Any]:
    role = cast.read(lambda session: session.query(m.Role).filter_by(name=changes.pop("role", "manager")).one().id)
    version = cast.read(lambda session: session.get(m.User, user.id).version)
    return {"first_name": "R", "last_name": "R", "email": user.email, "roles": [role], "active": "y", "version": version} | changes


def deeds(cast: Any) -> dict[str, Callable[[Any, Any], Any]]:
    """What ends a sign-in, by name: called with the person and its own browser."""
    admin = cast.client_for("administrator")

    def by_admin(**changes: Any) -> Callable[[Any, Any], Any]:
        return lambda user, own: admin.post(f"/settings/staff/{user.id}", {name: value for name, value in staff_form(cast, user, **changes).items() if value is not None})

    return {
        "signed out": lambda user, own: own.post("/logout"),
        "password changed": lambda user, own: own.post("/account/password", {"current": PASSWORD, "password": NEW, "password_again": NEW}),
        "password set by an administrator": by_admin(password=NEW),
        "password set from a shell": lambda user, own: passwords.set_of(user.id, NEW),
        "role changed": by_admin(role="reader"),
        "deactivated": by_admin(active=None),
        "signed out everywhere": lambda user, own: sign_ins.sign_out_everywhere(user.id),
    }


def test_a_copied_cookie_opens_nothing_once_its_sign_in_has_ended(house, cast):
    tried, accepted, kept = 0, [], []
    for name, deed in deeds(cast).items():
        user = cast.staff("manager")
        own = cast.signed_in(user)
        with own.client.session_transaction() as session:
            secret = session["sign_in"]
        own.get("/partners/")
        copied = cast.stranger()
        copied.client.set_cookie("cordee", own.client.get_cookie("cordee").value)
        assert copied.get("/partners/").status_code == 200, name
        with house.app_context():
            deed(user, own)
        for path in ("/", "/partners/", "/partners/export.csv", "/account/", "/clients/new"):
            tried += 1
            if copied.get(path).status_code == 200:
                accepted.append((name, path))
        tried += 1
        if copied.post("/suppliers/new", {"name": "X", "code": "X", "kind": "insurer"}).status_code != 302 or cast.count(m.Supplier):
            accepted.append((name, "a change"))
        again = cast.stranger()
        again.post("/login", {"email": user.email, "password": PASSWORD if name in ("signed out", "role changed", "signed out everywhere") else NEW})
        with again.client.session_transaction() as session:
            if session.get("sign_in") == secret:
                kept.append(name)
    print(f"\ncookies replayed after {len(deeds(cast))} deeds: {tried}, accepted: {len(accepted)}; sign-ins that kept their number: {len(kept)}")
    assert (accepted, kept) == ([], [])


# --- hosts ----------------------------------------------------------------------------------------

FOREIGN = ("evil.example", "localhost.evil.example", "localhost:80@evil.example", "evil.example:80", "127.0.0.1.evil.example", "")


def test_no_forged_host_gets_into_a_link_or_a_redirect(house, cast):
    person, tried, foreign = cast.member(cast.partner()), 0, []
    for host in FOREIGN:
        for header in ("Host", "X-Forwarded-Host", "X-Host", "Forwarded", "X-Forwarded-Server"):
            value = f"host={host}" if header == "Forwarded" else host
            visitor, headers = cast.stranger(), {header: value}
            answers = [visitor.get(path, headers=headers) for path in ("/login", "/partners/", "/partner/register", "/partner/signin", "/nothing")]
            answers.append(visitor.post("/password/forgotten", {"email": person.email}, headers=headers))
            answers.append(visitor.post("/language", {"language": "en", "next": f"//{host}/"}, headers=headers))
            tried += len(answers)
            foreign += [(header, host) for answer in answers if "evil" in answer.headers.get("Location", "") or "evil" in answer.text]
    with house.app_context():
        jobs.work_off()
    foreign += [mail.subject for mail in cast.mails() if "evil" in (mail.text + mail.html + mail.subject)]
    print(f"\nrequests with a forged host: {tried}, mails {len(cast.mails())}, foreign links or redirects: {len(foreign)}")
    assert cast.mails(), "a mail with a link was written among them"
    assert foreign == []


# --- uploads --------------------------------------------------------------------------------------


def a_pdf(**parts: Any) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    for name, action in parts.items():
        writer.root_object.update(DictionaryObject({NameObject(f"/{name}"): DictionaryObject(action)}))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def locked_pdf() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.encrypt("secret")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def a_zip(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
    return out.getvalue()


def a_large_picture(kind: str, side: int) -> bytes:
    out = io.BytesIO()
    Image.new("1", (side, side)).save(out, kind)
    return out.getvalue()


SCRIPT = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
LAUNCH = {NameObject("/S"): NameObject("/Launch"), NameObject("/F"): TextStringObject("cmd.exe")}
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def dangerous() -> dict[str, bytes]:
    return {
        "empty.pdf": b"",
        "page.pdf": b"<html><script>alert(1)</script></html>",
        "page-behind-a-mark.pdf": b"%PDF-1.7\n<script>alert(1)</script>",
        "picture.svg": SVG,
        "picture.png": SVG,
        "script.pdf": a_pdf(OpenAction=SCRIPT),
        "launch.pdf": a_pdf(OpenAction=LAUNCH),
        "hidden-name.pdf": a_pdf(OpenAction=SCRIPT).replace(b"/JavaScript", b"/J#61vaScript"),
        "locked.pdf": locked_pdf(),
        "cut.pdf": a_pdf()[:300],
        "tail.pdf": a_pdf() + a_zip("run.exe", b"MZ" * 50),
        "archive.pdf": a_zip("a.txt", b"x"),
        "bomb.png": a_zip("zeros", b"\0" * 20_000_000),
        "macro.docm": b"PK\x03\x04" + b"\0" * 400,
        "program.exe": b"MZ" + b"\0" * 400,
        "script.sh": b"#!/bin/sh\nrm -rf /\n",
        "huge.png": a_large_picture("PNG", 30_000),
        "large.pdf": b"%PDF-1.7\n" + b"0" * (10 * 1024 * 1024 + 1) + b"\n%%EOF",
        "cut.jpg": a_picture()[:200],
        "random.jpg": b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8,
        "text.gif": b"GIF89a" + b"\0" * 40,
    }


def clean() -> dict[str, bytes]:
    pictures = {}
    for kind, mode in (("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"), ("PNG", "LA")):
        out = io.BytesIO()
        Image.new(mode, (320, 200)).save(out, kind)
        pictures[f"card-{mode}.{kind.lower()}"] = out.getvalue()
    names = ("card.pdf", "../../card\x00.pdf", "Pièce d’identité 😀.PDF", "x" * 300 + ".pdf")
    return pictures | dict.fromkeys(names, a_pdf()) | {"photo": a_picture(), "large.jpg": a_large_picture("JPEG", 4_900)}


MEASURED = """
import resource, sys
from app import create_app
import config
from app.services import files
from app.services.refusals import RuleBroken
with create_app(config.Config, SECRET_KEY="x", FILE_FOLDER=sys.argv[1], INSTANCE=sys.argv[1]).test_request_context("/"):
    try:
        files.keep("file", sys.stdin.buffer.read())
    except RuleBroken:
        pass
own = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))  # ru_maxrss would begin with the parent's
print(own // 1024, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def test_nothing_dangerous_is_taken_and_nothing_clean_refused(house, cast, tmp_path):
    visitor = cast.client_for("owner", cast.partner())

    def is_taken(name: str, content: bytes) -> bool:
        before = cast.count(m.Document)
        visitor.post("/portal/documents/new", {"kind": "other", "file": (io.BytesIO(content), name)})
        return cast.count(m.Document) > before

    accepted = [name for name, content in dangerous().items() if is_taken(name, content)]
    refused = [name for name, content in clean().items() if not is_taken(name, content)]
    heavy = {"huge.png": dangerous()["huge.png"], "bomb.png": dangerous()["bomb.png"], "large.jpg": clean()["large.jpg"], "card.pdf": a_pdf()}
    run = [sys.executable, "-c", MEASURED, str(tmp_path)]
    memory = {name: max(map(int, subprocess.run(run, input=content, capture_output=True, check=True).stdout.split())) for name, content in heavy.items()}
    print(f"\nuploads: dangerous {len(dangerous())}, accepted {len(accepted)}; clean {len(clean())}, refused {len(refused)}; peak memory {max(memory.values())} MB")
    assert (accepted, refused) == ([], [])
    assert max(memory.values()) <= 300, memory
    kept = cast.read(lambda session: session.query(m.Document).order_by(m.Document.id).all())
    for document in kept:
        answer = visitor.get(f"/portal/files/documents/{document.id}")
        assert answer.headers["Content-Disposition"].startswith("attachment"), document.filename
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert not set(document.filename) & set("/\\\x00")


# --- history --------------------------------------------------------------------------------------


def test_every_column_of_history_changed_behind_its_back_is_found(house, cast):
    """Every column of every entry, one at a time, and every entry taken away."""
    partner = cast.partner(name="Avant")
    with cast.writing() as session:
        session.get_one(m.Partner, partner.id).name = "Après"
    tables = {"history": m.History, "history_values": m.HistoryValues}
    changed, found, missed = 0, 0, []

    def try_out(statement: str, **values: Any) -> None:
        nonlocal changed, found
        with house.app_context(), db.engine.connect() as connection:
            begun = connection.begin()
            touched = connection.execute(text(statement), values).rowcount
            if touched:
                changed += 1
                with crossing_on(connection) as session:
                    if history.broken_places(session):
                        found += 1
                    else:
                        missed.append((statement, values))
            begun.rollback()

    places = cast.read(lambda session: [(row.id, row.place) for row in session.query(m.History)])
    for table, entity in tables.items():
        key = "id" if table == "history" else "history_id"
        for column in entity.__table__.columns:
            if column.name in (key, "created_at", "updated_at", "version"):
                continue
            for number, _place in places:
                kind = datetime if isinstance(column.type, Moment) else dict if isinstance(column.type, JSON) else column.type.python_type
                value = {"int": "coalesce({0}, 0) + 1000", "datetime": "'2001-01-01 00:00:00'", "dict": '\'{{"name": [null, "X"]}}\''}.get(
                    kind.__name__, "'seen'"
                ).format(column.name)
                try_out(f"UPDATE {table} SET {column.name} = {value} WHERE {key} = :number", number=number)
    print(f"\nhistory: columns changed one by one {changed}, found {found}")
    assert missed == []
    assert found == changed > 20


@contextmanager
def crossing_on(connection: Any) -> Iterator[Session]:
    """A session of the house over a connection whose changes nobody else sees."""
    session = Session(bind=connection, info={"scope": SYSTEM, "actor": "tests"}, join_transaction_mode="create_savepoint")
    try:
        yield session
    finally:
        session.close()


# --- secrets --------------------------------------------------------------------------------------


def test_seeded_secrets_stand_in_no_log_page_mail_export_or_column(house, cast, caplog, monkeypatch):
    """A password, a sign-in's secret, a link's secret, a signing code's digest's source, the house's keys: seeded, then searched."""
    secrets = {
        "password": "Zebre-Violet-8831-Tambour",
        "wrong password": "Girafe-Mauve-1177-Trompette",
        "house key": house.config["SECRET_KEY"],
    }
    monkeypatch.setitem(house.config, "SIRENE_KEY", "cle-sirene-5512")
    monkeypatch.setitem(house.config, "MAIL_PASSWORD", "courrier-secret-90")
    secrets |= {"register key": "cle-sirene-5512", "mail password": "courrier-secret-90"}
    caplog.set_level(logging.DEBUG)
    partner = cast.partner()
    admin = cast.client_for("administrator")
    link = cast.invite(partner, admin, "nouvelle@example.org")
    secrets["link"] = link.rpartition("/")[2]
    newcomer = cast.stranger()
    newcomer.post(link, {"first_name": "Zoé", "last_name": "Neuve", "password": secrets["password"], "password_again": secrets["password"]})
    visitor = cast.stranger()
    for given in (secrets["wrong password"], secrets["password"]):
        visitor.post("/partner/signin", {"email": "nouvelle@example.org", "password": given})
    with visitor.client.session_transaction() as session:
        secrets["sign-in"] = session["sign_in"]
    visitor.post("/account/password", {"current": secrets["password"], "password": "kurz", "password_again": "kurz"})
    visitor.post("/nothing-here", {"password": secrets["password"]})
    pages = []
    for person, path in seen_by(house, admin, visitor):
        with person.get(path) as page:
            pages.append(page.get_data(as_text=True))
    said = {"logs": caplog.text, "pages": "\n".join(pages), "database": everything_kept(cast)}
    said["mails"] = "\n".join(f"{mail.subject}\n{mail.text}\n{mail.html}" for mail in cast.mails())
    # The mail to the person itself carries the link; nothing else may.
    found = [
        (name, place)
        for place, words in said.items()
        for name, secret in secrets.items()
        if secret in words and (name, place) not in (("link", "mails"), ("link", "database"))
    ]
    print(f"\nsecrets seeded: {len(secrets)}, pages read {len(pages)}, searched in {len(said)} places, found: {len(found)}")
    assert found == []
    held = cast.read(lambda session: [mail.text for mail in session.scalars(select(m.Mail)) if secrets["link"] in mail.text + mail.html])
    assert len(held) <= 1, "the outbox alone holds the link, until it is sent"


def seen_by(house: Any, admin: Any, visitor: Any) -> list[tuple[Any, str]]:
    rules = {rule.rule for rule in house.url_map.iter_rules() if "GET" in rule.methods and "<" not in rule.rule and "export" not in rule.rule}
    staff = [(admin, path) for path in sorted(rules) if not path.startswith(("/portal", "/partner/"))]
    exports = [(admin, f"{path}export.csv") for path in ("/partners/", "/mails/", "/jobs/", "/people/")]
    return staff + exports + [(visitor, path) for path in sorted(rules) if path.startswith("/portal")]


def everything_kept(cast: Any) -> str:
    """Every text the database holds."""

    def look(session: Any) -> str:
        found = []
        for entity in scoped_classes():
            for column in entity.__table__.columns:
                if isinstance(column.type, String | Text):
                    found += [str(value) for value in session.scalars(select(column)) if value]
        return "\n".join(found)

    return cast.read(look)

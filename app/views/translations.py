"""The translators' desk: how far each catalogue is, its sentences in their context, and catalogues handed in and out."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, current_app, flash, redirect, render_template, request
from flask_babel import gettext, lazy_gettext as _, ngettext
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from app.extensions import db
from app.models import Translation, fold
from app.permissions import HISTORY, READ, TRANSLATIONS, WRITE
from app.services import data_names, history, once, words
from app.services.refusals import RuleBroken
from app.services.words import Entry
from app.views.base import HouseView, page, signed_in
from app.views.base.sheets import disposition

SHOWN = 40
SIEVES = {
    "all": (_("All"), lambda entry: True),
    "missing": (_("Missing"), lambda entry: entry.missing),
    "unsure": (_("To be checked"), lambda entry: entry.unsure),
    "changed": (_("Changed here"), lambda entry: entry.changed),
    "data": (_("Names held in data"), lambda entry: bool(entry.kind)),
    "faulty": (_("With a fault"), lambda entry: bool(entry.faults)),
}


def entries(language: str, own: list[Translation] | None = None) -> list[Entry]:
    """The program's sentences, then the names that staff have typed; `own` are the house's wordings, where they are read already."""
    own = words.wordings(db.session()) if own is None else own
    return words.entries(language, own) + data_names.entries(db.session(), language, own)


def overview_page(**refused: Any) -> str:
    own = words.wordings(db.session())
    far = {code: words.progress(entries(code, own)) for code in current_app.config["LANGUAGES"]}
    return render_template("translations/overview.html", far=far, sieves=SIEVES, latest=own[:8], **refused)


class TranslationsView(HouseView):
    access, route_base = TRANSLATIONS, "/translations"

    def language(self, code: str) -> dict[str, Any]:
        return current_app.config["LANGUAGES"].get(code) or abort(404)

    def entry(self, language: str, key: str) -> tuple[Entry, list[Entry]]:
        found = entries(language)
        return next((each for each in found if each.key == key), None) or abort(404), found

    @page("/")
    def overview(self) -> str:
        return overview_page()

    @page("/<language>/")
    def sentences(self, language: str) -> str:
        chosen = self.language(language)
        found = entries(language)
        sieve = request.args.get("show") if request.args.get("show") in SIEVES else "all"
        sought = request.args.get("q", "").replace("\x00", "")[:100].strip()
        number = int(request.args["page"]) if request.args.get("page", "").isdecimal() and len(request.args["page"]) < 6 and int(request.args["page"]) else 1
        fitting = [each for each in found if SIEVES[sieve][1](each) and (not sought or fold(sought) in fold(" ".join([each.said, each.plural, *each.texts])))]
        shown = fitting[(number - 1) * SHOWN : number * SHOWN]
        counts = {name: sum(map(test, found)) for name, (_label, test) in SIEVES.items()}
        return render_template(
            "translations/sentences.html",
            code=language, language=chosen, shown=shown, total=len(fitting), sieve=sieve, sieves=SIEVES, counts=counts, sought=sought, number=number,
            has_next=number * SHOWN < len(fitting),
        )  # fmt: skip

    @page("/<language>/<key>")
    def sentence(self, language: str, key: str) -> str:
        self.language(language)
        entry, found = self.entry(language, key)
        return self.screen(language, entry, found)

    def screen(self, language: str, entry: Entry, found: list[Entry], texts: list[str] | None = None, refusal: Any = None, stale: bool = False) -> str:
        place = found.index(entry)
        own = words.wordings(db.session())
        others = {code: next((each.texts for each in entries(code, own) if each.key == entry.key), []) for code in current_app.config["LANGUAGES"] if code != language}
        sees_history = entry.record_id and signed_in().may(HISTORY, READ)
        return render_template(
            "translations/sentence.html",
            code=language, entry=entry, texts=texts or entry.texts, refusal=refusal, stale=stale, others=others, one_time=once.new_token(),
            contexts=[(each, lines) for each in entry.places[:3] if (lines := words.lines_around(each))],
            changes=history.of_record("Translation", entry.record_id) if sees_history else [],
            before=found[place - 1].key if place else None, after=found[place + 1].key if place + 1 < len(found) else None,
            unsure=bool(request.form.get("unsure")) if texts else entry.unsure, may_write=signed_in().may(TRANSLATIONS, WRITE),
            correctable=language == "fr" and any(mark in ("space", "quotes", "apostrophe") for mark in words.faults_of("fr", entry.said, texts or entry.texts, entry.plural)),
        )  # fmt: skip

    @page("/<language>/<key>", needs=WRITE, methods=("POST",))
    def save(self, language: str, key: str) -> Any:
        """Saves one sentence; it is on every page with the next request."""
        self.language(language)
        entry, found = self.entry(language, key)
        texts = [text.replace("\x00", "").replace("\r\n", "\n") for text in request.form.getlist("texts")] or [""]
        if "correct" in request.form:
            return self.screen(language, entry, found, [words.corrected(text) for text in texts])
        place = found.index(entry)
        onwards = f"/translations/{language}/{found[place + 1].key if 'next' in request.form and place + 1 < len(found) else key}"
        if request.form.get("version") != entry.mark and not once.is_claimed(request.form.get("one_time"), signed_in().id):
            return self.screen(language, entry, found, texts, stale=True), 409
        try:
            once.claim(request.form.get("one_time"), signed_in().id, onwards)
            if "restore" in request.form:
                words.restore(db.session(), language, entry)
            else:
                words.save(db.session(), language, entry, texts, bool(request.form.get("unsure")))
            db.session.commit()
        except once.AlreadyDone:
            return redirect(onwards)
        except (IntegrityError, StaleDataError):
            db.session.rollback()
            entry, found = self.entry(language, key)
            return self.screen(language, entry, found, texts, stale=True), 409
        except RuleBroken as refusal:
            db.session.rollback()
            return self.screen(language, entry, found, texts, refusal.sentence), 422
        flash(gettext("The translation has been saved: it is on the pages now."), "good")
        return redirect(onwards)

    @page("/<language>/catalogue.po")
    def download(self, language: str) -> Response:
        self.language(language)
        response = Response(words.download(entries(language), language), mimetype="text/x-gettext-translation")
        response.headers["Content-Disposition"] = disposition(f"cordee-{language}.po")
        return response

    @page("/<language>/upload", needs=WRITE, methods=("POST",))
    def upload(self, language: str) -> Any:
        """Takes a .po file back: all of it, or, with what is wrong named, nothing."""
        self.language(language)
        found, sent = entries(language), request.files.get("file")
        try:
            changes = words.read_upload(sent.read(words.LARGEST + 1) if sent else b"", language, found)
            for entry, texts, unsure in changes:
                words.save(db.session(), language, entry, texts, unsure)
            db.session.commit()
        except RuleBroken as refusal:
            db.session.rollback()
            return overview_page(refused=language, refusal=refusal.sentence), 422
        flash(ngettext("%(num)s sentence has been changed.", "%(num)s sentences have been changed.", len(changes)), "good")
        return redirect("/translations/")

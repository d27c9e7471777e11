"""Bringing in a file: choose it, say which column is what, see what would happen, do it, take it back."""

from __future__ import annotations

import csv
import io
import time
from typing import Any

from flask import Response, abort, current_app, flash, jsonify, redirect, render_template, request
from flask_babel import format_decimal, gettext, lazy_gettext as _
from sqlalchemy.orm.exc import StaleDataError

from app.extensions import db
from app.models import Import, ImportKind, ImportState, Outcome, Side, User
from app.permissions import FULL, IMPORTS, READ, WRITE, Level
from app.services import imports, once, tables
from app.services.refusals import RuleBroken
from app.views.base import EntityView, import_columns, importing, page, showing, signed_in
from app.views.base.columns import column_of
from app.views.base.sheets import disposition, file_name, harmless

PIECE, SECONDS = 200, 0.25  # lines and time of one request: others who save wait that long at most, where there is one writer
SAMPLES, SHOWN = 3, 50  # values beside each column; lines on a page
TILES = {  # what a page counts, by how far the file is
    ImportState.CHECKED: {
        Outcome.CREATED: _("to create"),
        Outcome.CHANGED: _("to change"),
        Outcome.UNCHANGED: _("without change"),
        Outcome.REFUSED: _("refused"),
    },
    ImportState.DONE: {Outcome.CREATED: _("created"), Outcome.CHANGED: _("changed"), Outcome.UNCHANGED: _("without change"), Outcome.REFUSED: _("refused")},
    ImportState.UNDONE: {Outcome.TAKEN_BACK: _("taken back"), Outcome.STAYS: _("not taken back"), Outcome.REFUSED: _("refused")},
}
STEPS = (("file", _("File to import")), ("columns", _("Columns")), ("check", _("Verification")), ("done", _("Import")))
STEP_OF = {ImportState.COLUMNS: "columns", ImportState.CHECKING: "check", ImportState.CHECKED: "check"}


def view_into(kind: ImportKind, level: Level = READ) -> EntityView:
    """The view of what a file holds, for those who may work there."""
    view = view_of_kind(kind)
    return view if view.may(level) else abort(404)


def view_of_kind(kind: ImportKind) -> EntityView:
    views = current_app.extensions["appbuilder"].baseviews
    return next(each for each in views if isinstance(each, EntityView) and each.frame == "staff" and each.slug == kind.value)


class ImportView(EntityView):
    model, access, slug, icon = Import, IMPORTS, "imports", "upload"
    list_columns = ["filename", "kind", "state", "lines", "created_by", "created_at"]
    filters = ["kind", "state", "created_by_id", "created_at"]
    sort = ["created_at"]
    search = False
    narrow = {"created_by_id": lambda: User.side == Side.STAFF}
    form = {_("Import"): ["kind"]}
    edits = deletes = False

    # --- the file -----------------------------------------------------------------------------------

    @page("/new", needs=WRITE, methods=("GET", "POST"))
    def add(self) -> Any:
        offered = [kind for kind in ImportKind if view_of_kind(kind).may(WRITE)]
        chosen = request.values.get("into", "")
        kind = next((each for each in offered if each == chosen), None)
        refusal = None
        if request.method == "POST":
            try:
                if kind is None:
                    raise RuleBroken(gettext("Please choose what the file holds."), "into")
                return redirect(self.received(kind))
            except once.AlreadyDone as done:
                return redirect(done.led_to or self.address("list"))
            except RuleBroken as broken:
                db.session.rollback()
                refusal = broken
        return render_template("imports/new.html", view=self, offered=offered, kind=kind, refusal=refusal, steps=STEPS, step="file", one_time=once.new_token()), (
            422 if refusal else 200
        )

    def received(self, kind: ImportKind) -> str:
        """Keeps the file that was sent; returns the address of its page."""
        token = once.claim(request.form.get("one_time"), signed_in().id)
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            raise RuleBroken(gettext("Please choose a file."), "file")
        table = tables.read(sent.read(tables.LARGEST + 1))
        imports.sweep(db.session())
        view = view_of_kind(kind)
        columns = import_columns.suggested(view, table.heads)
        record = imports.begin(kind, sent.filename.replace("\\", "/").rpartition("/")[2], table, signed_in().id, columns)
        record.recognised = next((",".join(names) for names in view.recognised_by if set(names) <= set(columns.values())), "")
        db.session.flush()
        where = self.address("show_record", record_id=record.id)
        once.leads_to(token, where)
        db.session.commit()
        return where

    @page("/template.csv", needs=WRITE)
    def template(self) -> Response:
        """An empty table with the heads that are understood."""
        kind = next((each for each in ImportKind if each == request.args.get("into")), ImportKind.CLIENTS)
        written = io.StringIO()
        csv.writer(written, delimiter=";").writerow([str(column.label) for column in import_columns.fields_to_import(view_into(kind, WRITE))])
        name = file_name(str(kind.label), "csv")
        return Response("\ufeff" + written.getvalue(), mimetype="text/csv", headers={"Content-Disposition": disposition(name)})

    # --- its page, by how far it is -----------------------------------------------------------------

    @page("/<id:record_id>")
    def show_record(self, record_id: int) -> Any:
        return self.screen(self.find(record_id))

    def screen(self, record: Import, refusal: RuleBroken | None = None, sent: dict[str, str] | None = None) -> Any:
        view = view_into(record.kind)
        facts: dict[str, Any] = {"record": record, "into": view, "refusal": refusal, "view": self, "one_time": once.new_token()}
        facts |= {"may": self.may(WRITE) and view.may(WRITE), "steps": STEPS, "step": STEP_OF.get(record.state, "done")}
        if record.state is ImportState.COLUMNS:
            facts |= self.columns_page(record, view, sent)
        elif record.state in imports.PASSES:
            facts |= {"progress": progress_of(record)}
        else:
            facts |= self.outcome_page(record, view)
        name = "columns" if record.state is ImportState.COLUMNS else "progress" if record.state in imports.PASSES else "outcome"
        return render_template(f"imports/{name}.html", **facts), 422 if refusal else 200

    @staticmethod
    def columns_page(record: Import, view: EntityView, sent: dict[str, str] | None) -> dict[str, Any]:
        first = imports.lines_of(record, most=SAMPLES)
        fields = import_columns.fields_to_import(view)
        ways = [(",".join(names), " + ".join(str(column_of(view.model, name).label) for name in names)) for names in view.recognised_by]
        samples = [[line.cells[place] for line in first] for place in range(len(record.heads))]
        recognised = sent.get("recognised", "") if sent is not None else record.recognised
        chosen = record.columns if sent is None else sent
        missing = [str(column.label) for column in import_columns.needed(view) if column.name not in chosen.values()]
        return {"fields": fields, "ways": ways, "samples": samples, "chosen": chosen, "recognised": recognised, "missing": missing}

    @staticmethod
    def outcome_page(record: Import, view: EntityView) -> dict[str, Any]:
        counts = imports.counts_of(record)
        bad = (Outcome.STAYS,) if counts[Outcome.STAYS] else (Outcome.REFUSED,)
        good = (Outcome.TAKEN_BACK,) if record.state is ImportState.UNDONE else imports.WRITTEN
        lines = imports.lines_of(record, *bad, *good, most=SHOWN)
        shown = [line for line in lines if line.outcome in good][:SHOWN]
        return {
            "held": importing.pointed_at_by(view, shown),  # as long as they are held, the words of the changes ask for none of them
            "counts": counts,
            "tiles": [(words, counts[outcome]) for outcome, words in TILES[record.state].items()],
            "written": sum(counts[outcome] for outcome in imports.WRITTEN),
            "refused": [line for line in lines if line.outcome in bad],
            "reasons": imports.common_reasons(record, bad) if sum(counts[outcome] for outcome in bad) > 1 else [],
            "good": [(line, changes_in_words(view, line)) for line in shown],
            "more_refused": sum(counts[outcome] for outcome in bad) > SHOWN,
            "more_good": sum(counts[outcome] for outcome in good) > SHOWN,
            "shown": SHOWN,
        }

    # --- its steps ----------------------------------------------------------------------------------

    def found_to_write(self, record_id: int) -> tuple[Import, EntityView]:
        record = self.find(record_id)
        return record, view_into(record.kind, WRITE)

    @page("/<id:record_id>/columns", needs=WRITE, methods=("POST",))
    def columns(self, record_id: int) -> Any:
        """Says which column is what, and begins the check; without columns it goes back to choosing them."""
        record, view = self.found_to_write(record_id)
        if "again" in request.form:
            if record.state is ImportState.CHECKED:
                record.state = ImportState.COLUMNS
                db.session.commit()
            return redirect(self.address("show_record", record_id=record_id))
        sent = {name.removeprefix("column_"): value for name, value in request.form.items() if name.startswith("column_")}
        known = {column.name for column in import_columns.fields_to_import(view)}
        columns = {place: name for place, name in sent.items() if name in known and place.isdecimal() and len(place) < 4 and int(place) < len(record.heads)}
        recognised = request.form.get("recognised", "")
        try:
            self.check_columns(view, columns, recognised)
            imports.start(record, ImportState.CHECKING)
            record.columns, record.recognised = columns, recognised
            db.session.commit()
        except RuleBroken as broken:
            db.session.rollback()
            if record.state is not ImportState.COLUMNS:
                return redirect(self.address("show_record", record_id=record_id))
            return self.screen(self.find(record_id), broken, sent | {"recognised": recognised})
        return redirect(self.address("show_record", record_id=record_id))

    @staticmethod
    def check_columns(view: EntityView, columns: dict[str, str], recognised: str) -> None:
        names = list(columns.values())
        twice = next((name for name in names if names.count(name) > 1), None)
        if not names:
            raise RuleBroken(gettext("Please choose a field for one column at least."))
        if twice:
            raise RuleBroken(gettext("“%(field)s” is chosen for two columns. Please leave one of them out.", field=column_of(view.model, twice).label), twice)
        if recognised and tuple(recognised.split(",")) not in view.recognised_by:
            raise RuleBroken(gettext("Please choose from the list."), "recognised")
        missing = [name for name in recognised.split(",") if recognised and name not in names]
        if missing:
            words = ", ".join(str(column_of(view.model, name).label) for name in missing)
            raise RuleBroken(gettext("To recognise records this way, the file needs a column for: %(fields)s.", fields=words), "recognised")

    @page("/<id:record_id>/run", needs=WRITE, methods=("POST",))
    def run(self, record_id: int) -> Any:
        return self.begun(record_id, ImportState.RUNNING)

    @page("/<id:record_id>/discard", needs=WRITE, methods=("POST",))
    def discard(self, record_id: int) -> Any:
        record, _view = self.found_to_write(record_id)
        name = str(record)
        try:
            imports.discard(record)
            db.session.commit()
            flash(gettext("“%(name)s” has been discarded; nothing of it was written.", name=name), "good")
            return redirect(self.address("list"))
        except RuleBroken as broken:
            db.session.rollback()
            flash(str(broken.sentence), "warn")
            return redirect(self.address("show_record", record_id=record_id))

    @page("/<id:record_id>/undo", needs=FULL, methods=("POST",))
    def undo(self, record_id: int) -> Any:
        return self.begun(record_id, ImportState.UNDOING)

    def begun(self, record_id: int, state: ImportState) -> Any:
        record, view = self.found_to_write(record_id)
        try:
            imports.start(record, state)
            if state is ImportState.RUNNING and not set(record.columns.values()) <= set(view.fields):
                record.state = ImportState.COLUMNS
                flash(gettext("A field that was chosen is no longer there. Please look at the columns again."), "warn")
            db.session.commit()
        except RuleBroken as broken:
            db.session.rollback()
            flash(str(broken.sentence), "warn")
        return redirect(self.address("show_record", record_id=record_id))

    @page("/<id:record_id>/advance", needs=WRITE, methods=("POST",))
    def advance(self, record_id: int) -> Any:
        """Does the next lines. The page's script asks again and again; without it a button does."""
        record, view = self.found_to_write(record_id)
        until = time.monotonic() + SECONDS
        if record.state in imports.PASSES:
            try:
                importing.advance(view, record, PIECE, lambda: time.monotonic() < until)
            except StaleDataError:
                db.session.rollback()  # another window has done these lines
        if "application/json" in request.accept_mimetypes.values():
            return jsonify(progress_of(self.find(record_id)))
        return redirect(self.address("show_record", record_id=record_id))

    @page("/<id:record_id>/refused.csv")
    def refused(self, record_id: int) -> Response:
        record = self.find(record_id)
        view_into(record.kind)
        stem = record.filename.rpartition(".")[0] or record.filename
        name = gettext("%(file)s - refused lines", file=stem) + ".csv"
        return Response("".join(imports.refused_csv(record, harmless)), mimetype="text/csv", headers={"Content-Disposition": disposition(name)})


def progress_of(record: Import) -> dict[str, Any]:
    """How far the present pass is."""
    whole, under_way = imports.to_do(record), record.state in imports.PASSES
    words = gettext("%(done)s of %(all)s lines", done=format_decimal(record.passed), all=format_decimal(whole))
    return {"done": record.passed, "all": whole, "under_way": under_way, "words": words}


def changes_in_words(view: EntityView, line: Any) -> list[tuple[str, str, str]]:
    """What a line changes: (field, before, after); of a new record only what it holds."""
    return [
        (showing.label_for(view.model, name), showing.stored_words(view.model, name, before), showing.stored_words(view.model, name, after))
        for name, (before, after) in line.changes.items()
    ]

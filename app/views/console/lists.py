"""Lists of values, edited in the list: each cell saves by itself; without JavaScript each row has its button."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, flash, jsonify, redirect, request
from flask_babel import gettext
from sqlalchemy.orm.exc import StaleDataError

from app.extensions import db
from app.models import LookUpRow
from app.permissions import FULL, WRITE
from app.services import lookups, once
from app.services.refusals import STALE, RuleBroken
from app.views.base.forms import cleaned
from app.views.base.guards import signed_in
from app.views.base.listing import HIGHEST_ID
from app.views.console.desk import ModelDesk, console_page


class ListDesk(ModelDesk):
    """One list."""

    page_size = 1_000
    column_default_sort = [("position", False), ("id", False)]
    column_list = ("code", "position", "offered")

    @property
    def plural(self) -> str:
        return str(self.model.plural)

    @console_page("/")
    def index_view(self) -> Any:
        return self.shown()

    def shown(self, typed: dict[str, Any] | None = None, refusal: RuleBroken | None = None, at: int | None = None) -> Any:
        """The list; with what was typed and why it was refused, at a row or in the line for a new value."""
        _count, rows = self.get_list(0, "position", False, None, [], page_size=self.page_size)
        page = self.render(
            "console/list.html",
            rows=rows,
            typed=typed or {},
            refusal=refusal,
            at=at,
            one_time=once.new_token(),
            built_in_stays=self.model.listed.name_of_list != "country",
        )
        return (page, 422) if refusal is not None else page

    def row(self, number: str | None) -> LookUpRow:
        known = (number or "").isdecimal() and len(number or "") <= 10 and int(number or 0) <= HIGHEST_ID
        found = db.session.get(self.model, int(number or 0)) if known else None
        return found if found is not None else abort(404)

    @staticmethod
    def names_typed() -> dict[str, str]:
        return {code: cleaned(request.form.get(f"name_{code}")) or "" for code in current_app.config["LANGUAGES"]}

    @console_page("/new/", needs=WRITE, methods=("POST",))
    def create_view(self) -> Any:
        typed = {"code": cleaned(request.form.get("code")) or "", "names": self.names_typed()}
        try:
            token = once.claim(request.form.get("one_time"), signed_in().id)
            row = lookups.add(db.session(), self.model, typed["code"], typed["names"])
            once.leads_to(token, f"{self.url}/")
            db.session.commit()
            flash(gettext("“%(name)s” has been saved.", name=str(row)), "good")
        except once.AlreadyDone:
            pass
        except RuleBroken as broken:
            db.session.rollback()
            return self.shown(typed, broken)
        return redirect(f"{self.url}/")

    @console_page("/ajax/update/", needs=WRITE, methods=("POST",))
    def ajax_update(self) -> Any:
        """Saves a row: asked by script it answers with the row's new version, or with a sentence and 422 or 409."""
        row = self.row(request.form.get("list_form_pk"))
        position = request.form.get("position", str(row.position)).strip()
        names = self.names_typed()
        try:
            if request.form.get("version") != str(row.version):
                raise RuleBroken(STALE)
            if not position.isdecimal() or len(position) > 6:
                raise RuleBroken(gettext("A place is a whole number, for example 20."), "position")
            lookups.change(db.session(), row, names, int(position), "offered" in request.form)
            db.session.commit()
        except (RuleBroken, StaleDataError) as broken:
            db.session.rollback()
            refusal = broken if isinstance(broken, RuleBroken) else RuleBroken(STALE)
            if "script" in request.form:
                return jsonify(sentence=str(refusal.sentence), field=refusal.field), 422
            return self.shown({"names": names, "position": position, "offered": "offered" in request.form}, refusal, row.id)
        if "script" in request.form:
            return jsonify(version=row.version, sentence=gettext("Saved"))
        flash(gettext("“%(name)s” has been saved.", name=str(row)), "good")
        return redirect(f"{self.url}/")

    @console_page("/delete/", needs=FULL, methods=("POST",))
    def delete_view(self) -> Any:
        """Asks first, then deletes; says why where something still has the value."""
        row = self.row(request.form.get("id"))
        name = str(row)
        if "sure" not in request.form:
            return self.render("console/delete.html", row=row)
        try:
            lookups.remove(db.session(), row)
            db.session.commit()
        except RuleBroken as broken:
            db.session.rollback()
            return self.render("console/delete.html", row=self.row(request.form.get("id")), refusal=broken.sentence), 409
        flash(gettext("“%(name)s” has been deleted.", name=name), "good")
        return redirect(f"{self.url}/")

"""Fields of the house's own, as administrators make them: no code, no restart."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request
from flask_babel import gettext, lazy_gettext as _, ngettext

from app.extensions import db
from app.models import CustomField, CustomOption, FieldKind
from app.permissions import FULL, SETTINGS, WRITE
from app.services import custom, once
from app.services.refusals import RuleBroken
from app.views.base import EntityView, Rules
from app.views.base.forms import HouseForm
from app.views.base.guards import page, signed_in
from app.views.base.typed import cleaned_text


class FieldView(EntityView):
    model, access, slug, icon = CustomField, SETTINGS, "fields", "input-cursor-text"
    rules = Rules(saving=custom.saving)
    changes_many = False
    list_columns = ["names", "holder", "kind", "required", "portal", "active"]
    search = False
    filters = ["holder", "kind", "portal", "active"]
    sort = ["holder", "kind", "position"]
    form = {
        _("Field"): ["holder", "kind", "names", "section"],
        _("How it is used"): ["required", "portal", "position", "indexed", "active"],
    }
    show = {_("Field"): ["names", "holder", "kind", "section"], _("How it is used"): ["required", "portal", "position", "indexed", "active", "created_at"]}
    tabs = ["OptionView"]
    show_template = "fields/show.html"
    first_sort = "position"
    own_form = True

    def new_form(self, record: Any = None, typed: Any = None, names: Any = None) -> HouseForm:
        """What it belongs to and its kind stay: values of one kind are no values of another."""
        form = super().new_form(record, typed, names)
        if record is not None:
            form.holder.data, form.kind.data = record.holder, record.kind
            for name in ("holder", "kind"):
                form[name].choices = [choice for choice in form[name].choices if choice.value == getattr(record, name).value]
        return form

    def tabs_of(self, record: CustomField) -> Any:
        return self.tabs if record.kind is FieldKind.CHOICE else []

    def after_save(self, record: CustomField) -> str:
        method = "options" if record.kind is FieldKind.CHOICE and not record.options else "show_record"
        return self.address(method, record_id=record.id)

    @page("/<id:record_id>/options", needs=WRITE, methods=("GET", "POST"))
    def options(self, record_id: int) -> Any:
        """Several options at once, one per line."""
        record, refusal, sent = self.find(record_id), None, cleaned_text(request.form.get("options", "")) or ""
        if record.kind is not FieldKind.CHOICE:
            abort(404)
        if request.method == "POST":
            try:
                once.claim(request.form.get("one_time"), signed_in().id)
                added = custom.add_options(record, sent, list(current_app.config["LANGUAGES"]))
                db.session.commit()
                flash(ngettext("%(num)s option has been added.", "%(num)s options have been added.", added), "good")
                return self.in_step(redirect(self.address("show_record", record_id=record_id, tab="field-options")))
            except once.AlreadyDone:
                return redirect(self.address("show_record", record_id=record_id, tab="field-options"))
            except RuleBroken as broken:
                db.session.rollback()
                record, refusal = self.find(record_id), broken.sentence
        page_of_options = render_template("fields/options.html", view=self, record=record, refusal=refusal, sent=sent, one_time=once.new_token())
        return page_of_options, 422 if refusal else 200

    def in_step(self, answer: Any) -> Any:
        """After a field has been saved or taken away: this process reads the fields anew, and the indexes follow."""
        if request.method == "POST" and getattr(answer, "status_code", 400) < 400:
            db.session.remove()
            current_app.extensions["cordee_words"].notice_lists()
            custom.sync_indexes()
        return answer

    @page("/new", needs=WRITE, methods=("GET", "POST"))
    def add(self) -> Any:
        return self.in_step(super().add())

    @page("/<id:record_id>/edit", needs=WRITE, methods=("GET", "POST"))
    def edit(self, record_id: int) -> Any:
        return self.in_step(super().edit(record_id))

    @page("/<id:record_id>/delete", needs=FULL, methods=("GET", "POST"))
    def delete(self, record_id: int) -> Any:
        """Says how many values go with it; deleting needs that number typed, so that nobody does it by the way."""
        record = self.find(record_id)
        count = custom.holders(db.session(), record)
        refusal = None
        if request.method == "POST":
            try:
                if count and request.form.get("count", "").strip() != str(count):
                    raise RuleBroken(gettext("Please type the number of records that lose their value."))
                name = str(record)
                custom.forget_values(db.session(), record)
                db.session.delete(record)
                db.session.commit()
                flash(gettext("“%(name)s” has been deleted.", name=name), "good")
                return self.in_step(redirect(self.address("list")))
            except RuleBroken as broken:
                db.session.rollback()
                record, refusal = self.find(record_id), broken.sentence
        warning = (
            ngettext("%(num)s record has a value in this field. It will be lost.", "%(num)s records have a value in this field. They will be lost.", count)
            if count
            else ""
        )
        return render_template("fields/delete.html", view=self, record=record, count=count, warning=warning, refusal=refusal), 422 if refusal else 200


class OptionView(EntityView):
    model, access, slug, icon = CustomOption, SETTINGS, "field-options", "list-ul"
    rules = Rules(saving=custom.saving_option)
    changes_many = False
    list_columns = ["names", "position", "offered"]
    search = False
    filters = ["offered"]
    sort = ["position"]
    first_sort = "position"
    form = {_("Option"): ["field", "names", "position", "offered"]}

    def after_save(self, record: CustomOption) -> str:
        return f"/fields/{record.field_id}?tab=field-options"

    @page("/<id:record_id>/delete", needs=FULL, methods=("GET", "POST"))
    def delete(self, record_id: int) -> Any:
        """An option that records have is no longer offered instead."""
        record = self.find(record_id)
        if record.field is None:
            abort(404)
        used = custom.holders(db.session(), record.field, str(record.id))
        if used and request.method == "POST":
            sentence = ngettext(
                "%(num)s record has this value. You can stop offering it instead.", "%(num)s records have this value. You can stop offering it instead.", used
            )
            return render_template("entity/delete.html", view=self, record=record, refusal=sentence), 409
        return super().delete(record_id)

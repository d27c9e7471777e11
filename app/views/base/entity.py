"""The engine: one declaration of an entity makes its list, forms, record page, choices, actions and exports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from flask import abort, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import LazyString, get_locale, gettext
from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.extensions import db
from app.models.base import fold, in_data
from app.models.scope import is_ones_own
from app.permissions import FULL, WRITE, Level
from app.services import once
from app.services.refusals import RuleBroken
from app.views.base import drafts, marks, opened, saving, sheets, showing
from app.views.base.actions import ActionPages
from app.views.base.bulk import BulkPages, fields_for_many
from app.views.base.choices import is_offered
from app.views.base.columns import column_of, pointed_at
from app.views.base.declared import Portal, Rules
from app.views.base.fields_in_views import shaped
from app.views.base.forms import HouseForm, LookUp, LookupField, form_for, lookup
from app.views.base.guards import HouseView, local_path, page, signed_in
from app.views.base.listing import Asked, Listing, read, total_words
from app.views.base.remembered import remembers_words
from app.views.base.rows import Dress, written_rows
from app.views.base.statements import Under, links_among, with_names


class EntityView(ActionPages, BulkPages, HouseView):
    """A list of facts about an entity; everything else follows. See CONTRIBUTING.md, "Adding an entity"."""

    abstract = True
    model: ClassVar[Any]
    slug: ClassVar[str]
    icon: ClassVar[str] = "circle"
    rules: ClassVar[Rules] = Rules()
    list_columns: ClassVar[list[str]] = []
    under: ClassVar[dict[str, str]] = {}  # a list column, and the quiet second fact below it
    search: ClassVar[bool] = True
    filters: ClassVar[list[str] | None] = None
    choosable: ClassVar[tuple[str, ...]] = ()
    sort: ClassVar[list[str] | None] = None
    first_sort: ClassVar[str] = ""  # the order of a list that nobody has sorted; the newest first, if not given
    form: ClassVar[dict[LazyString, list[str]]] = {}
    show: ClassVar[dict[LazyString, list[str]] | None] = None
    tabs: ClassVar[list[Any]] = []
    narrow: ClassVar[dict[str, Callable[[], Any]]] = {}
    defaults: ClassVar[dict[str, Callable[[], Any]]] = {}
    changes_many: ClassVar[bool] = True
    bulk_fields: ClassVar[tuple[str, ...]] = ()  # what can be set on many records at once
    only_for: ClassVar[dict[str, frozenset[str]]] = {}  # fields that make sense for some values of the column `kind` only
    needed: ClassVar[frozenset[str]] = frozenset()  # of those, the fields that no record which has them goes without
    portal: ClassVar[Portal | None] = None
    beside: ClassVar[dict[str, LazyString]] = {}  # other pages that the list leads to: address and words
    silent_about: ClassVar[frozenset[str]] = frozenset()  # columns that a record's history does not show
    adds: ClassVar[bool] = True
    adds_at: ClassVar[str | None] = None  # a page of its own that adds to a record whose tab this is, with {} for the record
    edits: ClassVar[bool] = True
    deletes: ClassVar[bool] = True
    recognised_by: ClassVar[tuple[tuple[str, ...], ...]] = ()  # the fields that tell whether a file's line is new; none: no import
    heading: ClassVar[LazyString | None] = None
    show_template: ClassVar[str] = "entity/show.html"
    portal_show_template: ClassVar[str] = "entity/show.html"
    form_template: ClassVar[str] = "entity/form.html"
    own_form: ClassVar[bool] = False  # whether new_form() depends on the record
    default_view = "list"

    def __init_subclass__(cls, **options: Any) -> None:
        cls.abstract = cls.__dict__.get("abstract", False)
        if not cls.abstract:
            cls.route_base = f"/portal/{cls.slug}" if cls.frame == "portal" else f"/{cls.slug}"
            if cls.filters is None:
                cls.filters = [column_of(cls.model, name).name for name in (*cls.list_columns, *cls.under.values())]
            if cls.sort is None:
                cls.sort = [name for name in cls.list_columns if column_of(cls.model, name).kind not in ("link", "text", "categories")]
            cls.choosable = showing.choosable_columns(cls)
            cls.actions = {each.action.name: each.action for each in vars(cls).values() if hasattr(each, "action")}
            cls.bulk_fields = fields_for_many(cls) if cls.frame == "staff" and cls.edits and cls.changes_many else ()
            cls.search = cls.search and hasattr(cls.model, "search_text")
            cls.exclude_route_methods = {
                name
                for name, offered in (("add", cls.adds), ("edit", cls.edits), ("delete", cls.deletes), ("action", cls.actions), ("bulk", cls.bulk_fields))
                if not offered
            }
            shaped(cls)
        super().__init_subclass__(**options)

    # --- words ------------------------------------------------------------------------------------

    @property
    def plural(self) -> str:
        return str(self.heading or self.model.plural)

    @property
    def fields(self) -> list[str]:
        return [column_of(self.model, name).name for names in self.form.values() for name in names]

    def address(self, method: str, **values: Any) -> str:
        return url_for(f"{self.endpoint}.{method}", **values)

    def may(self, level: Level) -> bool:
        return signed_in().may(self.access, level)

    # --- reading ----------------------------------------------------------------------------------

    def where(self) -> list[ColumnElement[bool]]:
        """Conditions that always hold for this view's rows, beside the session's scope."""
        return []

    def sections_of(self, record: Any) -> dict[LazyString, list[str]]:
        """What the record's page shows, section by section."""
        return self.form if self.show is None else self.show

    def tabs_of(self, record: Any) -> Sequence[Any]:
        return self.tabs

    def asked(self, args: MultiDict[str, str]) -> Asked:
        asked = read(self.model, args, self.filters or [], self.sort or [], self.search, self.choosable)
        asked.sort = asked.sort or self.first_sort
        return asked

    def columns_of(self, asked: Asked) -> tuple[str, ...]:
        return asked.columns or tuple(self.list_columns)

    def under_of(self, columns: Sequence[str]) -> Under:
        """The quiet second facts of these columns, but for those that have a column of their own."""
        return tuple((name, second) for name, second in self.under.items() if name in columns and second not in columns)

    def listing(self) -> Listing:
        asked = self.asked(request.args)
        columns = self.columns_of(asked)
        return Listing(self.model, columns, asked, db.session(), self.where(), self.under_of(columns))

    @page("/")
    def list(self) -> str:
        listing = self.listing()
        rows = listing.rows()
        actions, changes = [each for each in self.actions.values() if self.may(each.needs)], self.may(WRITE)
        ticks, deeds = bool(actions or (self.bulk_fields and changes)), bool(actions or (self.edits and changes) or (self.deletes and self.may(FULL)))
        has_menu = deeds and (self.frame == "staff" or len(signed_in().scope.partner_ids) == 1)  # a broker only reads its agents' rows
        return render_template(
            "entity/list.html",
            view=self,
            asked=listing.asked,
            rows=written_rows(self.model, listing.columns, rows.rows, self.route_base, Dress(listing.under, ticks, has_menu)),
            paging=rows,
            total=total_words(listing.total()),
            filters=showing.filter_chips(self, listing.asked, rows.rows),
            actions=actions,
            ticks=ticks,
            has_menu=has_menu,
            one_time=once.new_token(),
        )

    @page("/export.csv")
    def export_csv(self) -> Response:
        return self.exported(sheets.csv_response)

    @page("/export.xlsx")
    def export_xlsx(self) -> Response:
        return self.exported(sheets.xlsx_response)

    def exported(self, write: Callable[[Listing, str], Response]) -> Response:
        """The sheet; or the list with its warning, where a filter of the address has been left out: it would hold too much."""
        listing = self.listing()
        if listing.asked.ignored:
            return redirect(f"{self.address('list')}?{request.query_string.decode()}")
        return write(listing, self.plural)

    def may_change(self, record: Any) -> bool:
        """Whether this very record is the person's own to write: a broker reads its agents' rows."""
        return self.frame == "staff" or is_ones_own(db.session(), record)

    def find_to_change(self, record_id: int) -> Any:
        record = self.find(record_id)
        return record if self.may_change(record) else abort(404)

    def find_with_names(self, record_id: int) -> tuple[Any, dict[str, str]]:
        """The record to write, and what those are called that its foreign keys point at: an open form shows no more of them."""
        links = links_among(self.model, tuple(self.fields))
        where, statement = self.where(), with_names(self.model, links)
        found = db.session.execute(statement.where(*where) if where else statement, {"record": record_id}, execution_options={"kept": not where}).first()
        if found is None:
            self.find(record_id)  # says where it has gone, if it has
        if found is None or not self.may_change(found[0]):
            abort(404)
        return found[0], {link.name: in_data(called) if link.is_worded else called for link, called in zip(links, found[1:], strict=True) if called}

    def find(self, record_id: int) -> Any:
        """The record with the records it points at, if there is one that this person can see; else 404, or the record it has become."""
        statement = select(self.model).where(self.model.id == record_id, *self.where()).options(*pointed_at(self.model))
        record = db.session.scalar(statement)
        if record is not None:
            return record
        became = self.rules.became(record_id) if self.rules.became and request.method == "GET" else None
        return abort(404 if became is None else redirect(self.address("show_record", record_id=became)))

    def find_all(self, ids: Sequence[int]) -> Sequence[Any]:
        """The records of these numbers, in this order; 404 unless this person can see every one."""
        statement = select(self.model).where(self.model.id.in_(ids), *self.where()).options(*pointed_at(self.model))
        found = {record.id: record for record in db.session.scalars(statement)}
        return [found[number] for number in ids] if len(found) == len(ids) else abort(404)

    @page("/<id:record_id>")
    def show_record(self, record_id: int) -> str:
        record = self.find(record_id)
        marks.remember(self.route_base, record_id)
        return render_template(self.show_template, view=self, record=record, pinned=marks.is_pinned(self.route_base, record_id), **showing.record_page(self, record))

    @page("/choices/<name>")
    def choices(self, name: str) -> Response:
        """The look-up behind a foreign key: at most twenty records that fit, under the session's scope."""
        if name not in {*self.fields, *(self.filters or [])} or (column := column_of(self.model, name)).kind != "link":
            abort(404)
        found = lookup(column, request.args.get("q", "").replace("\x00", "")[:100], self.narrow.get(name))
        return jsonify([{"id": record.id, "text": str(record), "hint": showing.hint_of(record)} for record in found])

    def look_up(self, name: str, in_dialog: bool) -> LookUp:
        """The addresses behind a foreign key's box: a record that is missing can be made there, unless not every one would do."""
        target = None if name in self.narrow or in_dialog else showing.view_of(column_of(self.model, name).target, self.frame)
        if target is None or not target.adds or not target.may(WRITE):
            return LookUp(self.address("choices", name=name))
        return LookUp(self.address("choices", name=name), target.address("add", dialog=1), str(target.model.adding))

    # --- writing ----------------------------------------------------------------------------------

    def new_form(self, record: Any = None, typed: MultiDict[str, str] | None = None, names: dict[str, str] | None = None) -> HouseForm:
        """`names` holds what the records are called that this one points at; without it, they have been loaded with it."""
        form = form_for(self.model, self.fields, self.narrow)(obj=record, **({"formdata": typed} if typed is not None else {}))
        for each in form:
            if isinstance(each, LookupField) and record is not None:
                pointed = getattr(record, each.column.relation or "") if names is None else names.get(each.name)
                each.known = None if pointed is None else str(pointed)
        return form

    @page("/new", needs=WRITE, methods=("GET", "POST"))
    def add(self) -> Any:
        typed = drafts.typed()
        form = self.new_form(typed=typed) if request.method == "POST" or typed is not None else form_for(self.model, self.fields, self.narrow)(data=self.initial())
        if request.method == "POST" and (assisted := self.assist(form)) is not None:
            return self.form_page(form, None, assisted=assisted)
        if request.method == "POST" and self.is_complete(form):
            record = self.model()
            try:
                token = once.claim(request.form.get("one_time"), signed_in().id)
                self.complete(record)
                saving.fill(self, record, form, new=True)
                where = self.address("show_record", record_id=record.id) if "dialog" in request.args else self.after_save(record)
                once.leads_to(token, where)
                db.session.commit()
                if "dialog" in request.args:
                    return jsonify(id=record.id, text=str(record))
                flash(gettext("“%(name)s” has been saved.", name=str(record)), "good")
                drafts.done()
                return redirect(where)
            except once.AlreadyDone as done:
                if "dialog" in request.args and done.led_to:
                    made = self.find(int(done.led_to.rpartition("/")[2]))
                    return jsonify(id=made.id, text=str(made))
                return redirect(done.led_to or self.address("list"))
            except (RuleBroken, IntegrityError) as refusal:
                saving.explain(self, form, refusal)
        return self.form_page(form, None)

    def starting_values(self) -> dict[str, Any]:
        """What a new record starts with: the defaults of its columns and of this declaration."""
        columns = [column_of(self.model, name) for name in self.fields]
        values = {column.name: column.default for column in columns if column.default is not None and is_offered(column.default)}
        values |= {column.name: column.starts(None) for column in columns if column.starts is not None}
        return values | {name: make() for name, make in self.defaults.items()}

    def initial(self) -> dict[str, Any]:
        """What a new form starts with: the declaration's defaults, then what the address asks for."""
        values = self.starting_values()
        for name in self.fields:
            column = column_of(self.model, name)
            if column.kind == "link" and request.args.get(name, "").isdecimal() and len(request.args[name]) <= 9:
                values[name] = int(request.args[name])
        if typed := request.args.get("typed", "").replace("\x00", "")[:100].strip():  # what was looked for and is missing
            values |= {name: typed for name in ("name", "last_name", "company_name") if name in self.fields}
        return values

    def complete(self, record: Any) -> None:
        """What a new record gets without being asked: overridden where the portal knows whose it is."""

    def after_save(self, record: Any) -> str:
        """Where a saved form leads: the record, or the record it was added to."""
        return local_path(request.args.get("back")) or self.address("show_record", record_id=record.id)

    @page("/<id:record_id>/edit", needs=WRITE, methods=("GET", "POST"))
    def edit(self, record_id: int) -> Any:
        if request.method == "GET":
            record, names = self.find_with_names(record_id)
            return opened.written(self, record, names) if opened.is_as_usual(self) else self.form_page(self.new_form(record, drafts.typed(), names), record)
        record = self.find_to_change(record_id)
        form = self.new_form(record)
        if (assisted := self.assist(form)) is not None:
            return self.form_page(form, record, assisted=assisted)
        if request.form.get("version") != str(record.version):
            return self.conflict_page(form, record)
        if self.is_complete(form):
            try:
                saving.fill(self, record, form, new=False)
                where = self.after_save(record)
                db.session.commit()
                flash(gettext("“%(name)s” has been saved.", name=str(record)), "good")
                drafts.done()
                return redirect(where)
            except StaleDataError:
                db.session.rollback()
                return self.conflict_page(form, self.find(record_id))
            except (RuleBroken, IntegrityError) as refusal:
                saving.explain(self, form, refusal)
                record = self.find(record_id)
        return self.form_page(form, record)

    def is_complete(self, form: HouseForm) -> bool:
        """Whether every field is good, and those are filled in that a record of the chosen kind does not go without: said in one go."""
        kind = form["kind"].data if self.needed else None
        wanted = [name for name in self.needed if name in form and kind in self.only_for.get(name, {kind})]
        return form.validate_all(wanted)

    def conflict_page(self, form: HouseForm, record: Any) -> Any:
        """Somebody else saved first: what was typed stays, and beside each field stands what is there now."""
        form.validate()
        return self.form_page(form, record, others=showing.differences(self, form, record), status=409)

    def assist(self, form: HouseForm) -> dict[str, Any] | None:
        """What a button that fills the form instead of saving it has done; None when the form is to be saved."""
        return None

    def form_page(self, form: HouseForm, record: Any, others: dict[str, str] | None = None, assisted: dict[str, Any] | None = None, status: int = 0) -> Any:
        page_of_form = render_template(
            "entity/dialog.html" if "dialog" in request.args else self.form_template,
            **self.form_facts(form, record) | {"others": others, "assisted": assisted},
            version=request.form.get("version") if assisted else (drafts.typed() or {}).get("version") or (record.version if record else None),
            leave=local_path(request.args.get("back")) or (self.address("show_record", record_id=record.id) if record else self.address("list")),
            draft=None if "dialog" in request.args else drafts.begun(),
            one_time=request.form.get("one_time") or once.new_token(),
        )
        return page_of_form, status or (422 if form.errors or form.form_errors else 200)

    def form_facts(self, form: HouseForm, record: Any) -> dict[str, Any]:
        """What a form's page shows whatever is in the form."""
        names = tuple(name for name, each in form._fields.items() if isinstance(each, LookupField))
        lookups = look_ups(self, names, "dialog" in request.args, signed_in().rights_key, str(get_locale()))
        sections = [(title, [column_of(self.model, name).name for name in names]) for title, names in self.form.items()]
        return {"view": self, "form": form, "record": record, "lookups": lookups, "sections": sections, "others": None, "assisted": None}

    @page("/<id:record_id>/delete", needs=FULL, methods=("GET", "POST"))
    def delete(self, record_id: int) -> Any:
        record = self.find_to_change(record_id)
        refusal, typed, referring = None, request.form.get("name_again", ""), saving.referring(record)
        in_the_way, going = (", ".join(words for words, goes in referring if goes is wanted) for wanted in (False, True))
        unlike = bool(going) and fold(typed) != fold(str(record))
        if request.method == "POST" and not (unlike and not in_the_way):
            name = str(record)
            try:
                saving.remove(record, self.rules.removing)
                db.session.commit()
                flash(gettext("“%(name)s” has been deleted.", name=name), "good")
                return redirect(self.address("list"))
            except (RuleBroken, IntegrityError) as broken:
                db.session.rollback()
                record = self.find(record_id)
                refusal = broken.sentence if isinstance(broken, RuleBroken) else saving.still_used(record)
        facts = {"refusal": refusal, "stands_in_the_way": saving.said_of([in_the_way] if in_the_way else []), "goes_with_it": going, "typed": typed}
        asked_again = request.method == "POST" and not refusal
        return render_template("entity/delete.html", view=self, record=record, asked_again=asked_again, **facts), 409 if refusal else 422 if asked_again else 200


@remembers_words
@lru_cache(maxsize=1_000)
def look_ups(view: EntityView, names: tuple[str, ...], in_dialog: bool, rights: str, locale: str) -> dict[str, LookUp]:
    """The addresses behind a form's boxes, kept for everybody with the same rights and language."""
    return {name: view.look_up(name, in_dialog) for name in names}

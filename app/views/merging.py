"""Merging two records of one client: which one, field by field what becomes of it, and back again."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask_babel import format_date, gettext
from sqlalchemy import Select, select

from app.extensions import db
from app.models import Client, fold
from app.models.custom import FieldPortal, fields_of
from app.permissions import CLIENT_FILE, FULL, MY_CLIENTS
from app.services import clients, merging, once
from app.services.clients import Alike
from app.services.refusals import RuleBroken
from app.views.base import page, showing, signed_in
from app.views.base.columns import column_of
from app.views.client_file import ClientPages
from app.views.drive import number_typed

AT_MOST = 20


def told_apart(client: Client) -> str:
    """A client's name with what tells it from a namesake."""
    hint = showing.hint_of(client)
    return f"{client} ({hint})" if hint else str(client)


class MergePages(ClientPages):
    """Both records are found under the session's scope, and both have to be one's own to change."""

    abstract = True

    @page("/<id:record_id>/merge", needs=FULL, methods=("GET", "POST"))
    def merge(self, record_id: int) -> Any:
        client = self.client(record_id, to_change=True)
        chosen = number_typed("with")
        if chosen is None:
            return self.choose(client)
        if request.method == "POST" and once.is_claimed(request.form.get("one_time"), signed_in().id):
            return self.back(record_id, "admin")
        source = self.client(chosen, to_change=True)
        if request.method == "GET":
            return self.compare(client, source)
        try:
            done = self.carried_out(client, source)
        except once.AlreadyDone:
            return self.back(record_id, "admin")
        except RuleBroken as refusal:
            return self.compare(self.client(record_id, to_change=True), self.client(chosen, to_change=True), refusal)
        words = gettext("“%(name)s” is now part of this file. You can undo it until %(day)s.", name=done.source_name, day=format_date(done.until, "medium"))
        flash(words, "good")
        return self.back(record_id, "admin")

    def carried_out(self, client: Client, source: Client) -> Any:
        who, token = signed_in(), request.form.get("one_time")
        target_id, source_id, version, other_version = client.id, source.id, number_typed("version") or 0, number_typed("other_version") or 0
        db.session.rollback()
        return merging.merge(target_id, version, source_id, other_version, who.name, who.id, token, sees_all=self.frame == "staff")

    def choose(self, client: Client) -> str:
        """Records that look like the same client, and any other of this partner by its name."""
        words = request.args.get("q", "").replace("\x00", "").strip()[:100]
        others = select(Client).where(Client.partner_id == client.partner_id, Client.kind == client.kind, Client.id != client.id)
        named = others
        for word in fold(words).split():
            named = named.where(Client.search_text.contains(word, autoescape=True))
        found = db.session.scalars(named.order_by(Client.name, Client.id).limit(AT_MOST + 1)).all() if words else []
        told = {"alike": self.alike(client, others), "words": words, "found": found[:AT_MOST], "more": len(found) > AT_MOST}
        return render_template("clients/merge_choose.html", **told, **self.facts(client, "admin"))

    def alike(self, client: Client, others: Select[tuple[Client]]) -> list[Alike]:
        facts = {name: getattr(client, name) for name in clients.TELLING}
        found = [each for each in clients.alike(facts, client.partner_id) if each.client.id != client.id and each.client.kind is client.kind]
        known = {each.client.id for each in found}
        same = db.session.scalars(others.where(Client.name == client.name, Client.id.not_in(known)).order_by(Client.id).limit(5))
        return [*found, *(Alike(each, (clients.SAME_NAME,)) for each in same)]

    def compare(self, client: Client, source: Client, refusal: RuleBroken | None = None) -> Any:
        why = merging.refusal(db.session(), client, source)
        if why is None and self.frame == "portal":
            why = merging.loses_hidden(client, source)
        hidden = {key for key, known in fields_of(Client).items() if self.frame == "portal" and known.portal == FieldPortal.HIDDEN}
        lines = [
            (line, column_of(Client, line.name).label, showing.shown(client, column_of(Client, line.name)), showing.shown(source, column_of(Client, line.name)))
            for line in (merging.lines_of(client, source) if why is None else [])
            if line.name not in hidden
        ]
        moves = [(entity.plural, number) for entity, number in merging.what_moves(db.session(), source.id).items()]
        told = {"source": source, "why": why, "lines": lines, "moves": moves, "days": merging.DAYS, "refusal": refusal, "told_apart": told_apart}
        told["outgrows"] = why is None and merging.outgrows(client.id, source.id)
        return render_template("clients/merge.html", **told, **self.facts(client, "admin")), 422 if refusal else 200

    @page("/<id:record_id>/merge/undo", needs=FULL, methods=("POST",))
    def undo_merge(self, record_id: int) -> Any:
        self.client(record_id, to_change=True)
        who, merge_id = signed_in(), number_typed("merge") or abort(404)
        db.session.rollback()
        try:
            came_back = merging.undo(merge_id, record_id, who.name, who.id)
        except RuleBroken as refusal:
            flash(str(refusal.sentence), "bad")
            return self.back(record_id, "admin")
        flash(gettext("The two records are apart again. This is the one that came back."), "good")
        return redirect(f"{self.base}/{came_back}")


class MergeView(MergePages):
    access, route_base = CLIENT_FILE, "/clients"


class PortalMergeView(MergePages):
    access, frame, route_base = MY_CLIENTS, "portal", "/portal/clients"

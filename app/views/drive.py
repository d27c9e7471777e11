"""A client's drive on its pages: folders, files by drag and drop, preview, versions, the bin; for staff and in the portal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from flask import Response, abort, flash, jsonify, redirect, render_template, request
from flask_babel import gettext, ngettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import ClientFile, Folder
from app.models.scope import is_ones_own
from app.permissions import CLIENT_FILE, FULL, MY_CLIENTS, WRITE
from app.services import drive, files, once
from app.services.refusals import STALE, RuleBroken
from app.views.base import HouseView, page, signed_in
from app.views.client_file import ClientPages
from app.views.files import send

SHOWN_INSIDE = ("application/pdf", "image/jpeg", "image/png")
PREVIEW_POLICY = "default-src 'none'; img-src 'self'; object-src 'self'; frame-ancestors 'self'"


def number_typed(name: str) -> int | None:
    """A record's number as a form sends it; None for none."""
    sent = request.values.get(name, "")
    return int(sent) if sent.isdecimal() and len(sent) < 10 else None


class DrivePages(ClientPages):
    abstract = True

    @page("/<id:record_id>/drive")
    def drive(self, record_id: int) -> Any:
        return self.screen(record_id)

    def screen(self, record_id: int, refusal: RuleBroken | None = None) -> Any:
        client, words = self.client(record_id), request.args.get("q", "").replace("\x00", "").strip()[:100]
        try:
            place = drive.look(record_id, number_typed("folder"))
        except LookupError:
            abort(404)
        shown = render_template(
            "clients/drive.html",
            place=place,
            words=words,
            found=drive.found(record_id, words) if words else None,
            bin=drive.thrown_away(record_id) if "bin" in request.args else None,
            folders=[(folder, drive.way_to(folder, known)) for known in [drive.folders_of(record_id)] for folder in known.values()],
            used=drive.used(record_id),
            quota=drive.quota(),
            size_words=drive.size_words,
            files_at=f"{'/portal' if self.frame == 'portal' else ''}/client-files",
            refusal=refusal,
            sent=request.form,
            **self.facts(client, "drive"),
        )
        return shown, 422 if refusal else 200

    def here(self, record_id: int) -> str:
        folder = number_typed("folder")
        return f"{self.base}/{record_id}/drive" + (f"?folder={folder}" if folder is not None else "")

    @page("/<id:record_id>/drive/upload", needs=WRITE, methods=("POST",))
    def upload(self, record_id: int) -> Any:
        """Takes files in, each by itself: one that is refused keeps nobody else out. A script asks for JSON, a form is sent back."""
        self.client(record_id, to_change=True)
        db.session.rollback()
        taken, same, refused = [], [], []
        for sent in request.files.getlist("files"):
            if not sent.filename:
                continue
            try:
                name, is_new = self.take(record_id, sent)
                (taken if is_new else same).append(name)
            except RuleBroken as refusal:
                db.session.rollback()
                refused.append((files.safe_name(sent.filename, ""), str(refusal.sentence)))
        if request.accept_mimetypes.best == "application/json":
            return jsonify(taken=taken, same=same, refused=[{"name": name, "sentence": sentence} for name, sentence in refused]), 422 if refused else 200
        if taken:
            flash(ngettext("%(num)s file has been taken in.", "%(num)s files have been taken in.", len(taken)), "good")
        if same:
            flash(gettext("There already, unchanged: %(names)s", names=", ".join(same[:10])), "warn")
        for name, sentence in refused[:10]:
            flash(f"{name}: {sentence}" if signed_in().language == "en" else f"{name}\u00a0: {sentence}", "bad")
        if not taken and not same and not refused:
            flash(gettext("Please choose at least one file."), "warn")
        return redirect(self.here(record_id))

    def take(self, record_id: int, sent: Any) -> tuple[str, bool]:
        """The name, and whether anything is new. The bytes are looked at and kept before the transaction begins; if nothing has come of it,
        they go."""
        content = sent.read(files.LARGEST + 1)
        kept = files.keep(sent.filename, content, office=True)
        named = False
        try:
            file = drive.put(self.client(record_id, to_change=True), number_typed("folder"), kept, signed_in().name)
            named, name = file.key == kept.key, file.name
            db.session.commit()
            return name, named
        except BaseException:
            named = False
            raise
        finally:
            if not named:
                db.session.rollback()
                files.remove(kept.key)

    @page("/<id:record_id>/drive/folders", needs=WRITE, methods=("POST",))
    def folders(self, record_id: int) -> Any:
        client = self.client(record_id, to_change=True)
        deed, number = request.form.get("deed", "add"), number_typed("which")
        name = request.form.get("name", "").replace("\x00", "")
        try:
            once.claim(request.form.get("one_time"), signed_in().id)
            if deed == "add":
                drive.add_folder(client, number_typed("folder"), name)
            else:
                wanted = select(Folder).where(Folder.id == number, Folder.client_id == record_id)
                folder: Folder = db.first_or_404(wanted)
                self.folder_deed(deed, folder, name)
            db.session.commit()
        except once.AlreadyDone:
            pass
        except RuleBroken as refusal:
            db.session.rollback()
            return self.screen(record_id, refusal)
        return redirect(self.here(record_id))

    @page("/<id:record_id>/drive/empty", needs=FULL, methods=("POST",))
    def empty(self, record_id: int) -> Any:
        self.client(record_id, to_change=True)
        db.session.rollback()
        number = drive.empty_bin(record_id, signed_in().name, signed_in().id)
        flash(ngettext("%(num)s file is gone for good.", "%(num)s files are gone for good.", number), "good")
        return redirect(f"{self.base}/{record_id}/drive")

    def folder_deed(self, deed: str, folder: Folder, name: str) -> None:
        if deed == "rename":
            drive.rename_folder(folder, name)
        elif deed == "move":
            drive.move_folder(folder, number_typed("into"))
        elif deed == "remove":
            drive.remove_folder(folder)
        else:
            abort(404)


class DriveView(DrivePages):
    access, route_base = CLIENT_FILE, "/clients"


class PortalDriveView(DrivePages):
    access, frame, route_base = MY_CLIENTS, "portal", "/portal/clients"


class ClientFilePages(HouseView):
    """One file: what it is, what it was, and what can be done with it."""

    abstract = True

    def file(self, record_id: int, to_change: bool = False) -> ClientFile:
        beside = (joinedload(ClientFile.client), joinedload(ClientFile.folder))
        found: ClientFile = db.first_or_404(select(ClientFile).options(*beside).where(ClientFile.id == record_id))
        if to_change and not is_ones_own(db.session(), found.client):
            abort(404)
        return found

    @page("/<id:record_id>")
    def show(self, record_id: int) -> Any:
        return self.screen(record_id)

    def screen(self, record_id: int, refusal: RuleBroken | None = None) -> Any:
        file = self.file(record_id)
        known = drive.folders_of(file.client_id)
        shown = render_template(
            "clients/drive_file.html",
            frame=self.frame,
            file=file,
            client=file.client,
            way=drive.way_to(file.folder, known),
            folders=[(folder, drive.way_to(folder, known)) for folder in known.values()],
            versions=drive.versions_of(file),
            is_shown_inside=file.media_type in SHOWN_INSIDE,
            size_words=drive.size_words,
            base=f"{self.route_base}/{record_id}",
            clients="/clients" if self.frame == "staff" else "/portal/clients",
            may_write=signed_in().may(self.access, WRITE) and is_ones_own(db.session(), file.client),  # type: ignore[arg-type]
            refusal=refusal,
            sent=request.form,
            one_time=once.new_token(),
        )
        return shown, 422 if refusal else 200

    @page("/<id:record_id>/file")
    def download(self, record_id: int) -> Response:
        """The file as it is now, or one of its versions."""
        file = self.file(record_id)
        return send(self.key_of(file), file.name, file.media_type)

    def key_of(self, file: ClientFile) -> str:
        number = number_typed("number")
        if number is None:
            return file.key
        return next((each.key for each in drive.versions_of(file) if each.number == number), None) or abort(404)

    @page("/<id:record_id>/preview")
    def preview(self, record_id: int) -> Response:
        """The file to look at within a page of ours: only what a browser shows without running anything."""
        file = self.file(record_id)
        if file.media_type not in SHOWN_INSIDE:
            abort(404)
        response = send(file.key, file.name, file.media_type)
        response.headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(file.name)}"
        response.headers["Content-Security-Policy"] = PREVIEW_POLICY
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        return response

    @page("/<id:record_id>/do", needs=WRITE, methods=("POST",))
    def do(self, record_id: int) -> Any:
        file = self.file(record_id, to_change=True)
        deeds: dict[str, tuple[Callable[[], None], str]] = {
            "rename": (lambda: drive.rename(file, request.form.get("name", "").replace("\x00", "")), gettext("The file has been renamed.")),
            "move": (lambda: drive.move(file, number_typed("into")), gettext("The file has been moved.")),
            "restore": (lambda: drive.restore_version(file, number_typed("number") or 0, signed_in().name), gettext("The earlier version is the latest again.")),
            "share": (lambda: drive.share(file, True), gettext("The client finds this file in its own space.")),
            "unshare": (lambda: drive.share(file, False), gettext("The client no longer finds this file.")),
            "throw": (lambda: drive.throw_away(file), gettext("The file is in the bin; it can be had back for 30 days.")),
            "back": (lambda: drive.have_back(file), gettext("The file is back.")),
        }
        act, done = deeds.get(request.form.get("deed", "")) or abort(404)
        client_id, leaves = file.client_id, request.form.get("deed") == "throw"
        try:
            once.claim(request.form.get("one_time"), signed_in().id)
            if file.deleted_at is not None and request.form.get("deed") != "back":
                raise RuleBroken(STALE)
            act()
            db.session.commit()
            flash(done, "good")
        except once.AlreadyDone:
            pass
        except RuleBroken as refusal:
            db.session.rollback()
            return self.screen(record_id, refusal)
        clients = "/clients" if self.frame == "staff" else "/portal/clients"
        return redirect(f"{clients}/{client_id}/drive" if leaves else f"{self.route_base}/{record_id}")


class ClientFileRowView(ClientFilePages):
    access, route_base = CLIENT_FILE, "/client-files"


class PortalClientFileRowView(ClientFilePages):
    access, frame, route_base = MY_CLIENTS, "portal", "/portal/client-files"

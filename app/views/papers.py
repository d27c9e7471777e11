"""Pieces that are handed in once the file stands: by the partner itself or by staff for it. And the look at an identity document."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask_babel import gettext, lazy_gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from app.extensions import db
from app.models import Check, CheckKind, DocumentKind, Partner
from app.models.base import today
from app.models.scope import verb
from app.permissions import IDENTITY_PAPERS, MY_COMPANY, PARTNER_FILE, WRITE
from app.services import checks, colleagues, files, mrz, once, papers
from app.services.papers import Particulars
from app.services.refusals import RuleBroken
from app.views.base import HouseForm, HouseView, page, signed_in
from app.views.base.days import DayField
from app.views.base.forms import LengthSaid, SelectChoice, cleaned

ZONE_HELP = _("The two or three lines with “<” at the bottom of the document, or on the back of a card. They let us check the document at once.")


class PaperForm(HouseForm):
    """One piece. Its fields bear the names that rules of papers.particulars speak of."""

    kind = SelectField(_("Kind of document"), choices=[])
    identity_number = StringField(_("Number"), [Optional(), LengthSaid(max=40)], filters=[cleaned], description=_("As printed on the document."))
    identity_expires_on = DayField(_("Expires on"), [Optional()])
    mrz = TextAreaField(_("Machine-readable lines"), [Optional(), LengthSaid(max=200)], description=ZONE_HELP)

    def said(self) -> Particulars:
        number, expires_on = self.identity_number.data or "", self.identity_expires_on.data
        if self.kind.data == DocumentKind.IDENTITY:
            return papers.particulars(number, expires_on, self.mrz.data or "")
        if self.kind.data in papers.DATED and expires_on is None:
            raise RuleBroken(_("Please enter the last day on which it is good: we remind you in time."), "identity_expires_on")
        if expires_on is not None and expires_on < today():
            raise RuleBroken(_("This document has expired. Please hand in one that is valid."), "identity_expires_on")
        return Particulars(number, expires_on)


class Papers:
    """What both doors share: the form, and the file that is looked at before a transaction begins."""

    frame: str

    def form(self) -> PaperForm:
        form = PaperForm(kind=request.args.get("kind"))
        form.kind.choices = [SelectChoice(str(kind), str(kind.label)) for kind in DocumentKind]
        if form.kind.data not in [choice.value for choice in form.kind.choices]:
            form.kind.data = str(DocumentKind.KBIS)
        return form

    def hand_in(self, find: Any, back: str, by_partner: bool) -> Any:
        """Shows the form; on a POST keeps the piece, or says what is wrong with all that was typed still there."""
        form, refused_file = self.form(), None
        if request.method == "POST":
            sent, kept, done = request.files.get("file"), None, False
            try:
                if not (sent and sent.filename):
                    raise RuleBroken(_("Please choose a file."), "file")
                kept = files.keep(sent.filename, sent.stream.read(files.LARGEST + 1))
            except RuleBroken as refusal:
                refused_file = refusal.sentence
            try:
                said = form.said() if form.validate() else None
                if said is not None and kept is not None:
                    once.claim(request.form.get("one_time"), signed_in().id)
                    self.keep(find(), DocumentKind(form.kind.data), kept, said, by_partner)
                    db.session.commit()
                    done = True
                    flash(gettext("The document has been received."), "good")
                    return redirect(back)
            except once.AlreadyDone:
                return redirect(back)
            except RuleBroken as refusal:
                db.session.rollback()
                form.refuse(refusal)
            finally:
                if kept is not None and not done:  # no row names it
                    files.remove(kept.key)
                    refused_file = _("Please choose the file again, once the rest is right.")
        return render_template(
            "papers/new.html", form=form, partner=find(), back=back, frame=self.frame, refused_file=refused_file, one_time=once.new_token()
        ), 422 if request.method == "POST" else 200

    def keep(self, partner: Partner, kind: DocumentKind, kept: files.Kept, said: Particulars, by_partner: bool) -> None:
        papers.add(partner, kind, kept, signed_in().name, said)
        if kind == DocumentKind.IDENTITY:
            with verb(db.session(), {Check: None}):
                db.session.add(checks.ask(partner, CheckKind.IDENTITY))
        if by_partner:
            papers.tell_staff(partner)


class StaffPapersView(Papers, HouseView):
    access, route_base = PARTNER_FILE, "/partners"

    def find(self, record_id: int) -> Partner:
        return db.first_or_404(select(Partner).where(Partner.id == record_id))

    @page("/<id:record_id>/documents/new", needs=WRITE, methods=("GET", "POST"))
    def new(self, record_id: int) -> Any:
        return self.hand_in(lambda: self.find(record_id), f"/partners/{record_id}?tab=documents", by_partner=False)

    @page("/<id:record_id>/identity", access=IDENTITY_PAPERS)
    def identity(self, record_id: int) -> Any:
        """The identity document beside what the person declared. That somebody has looked is written into the history."""
        partner = self.find(record_id)
        document = checks.newest_document(partner.id, DocumentKind.IDENTITY) or abort(404)
        paper = papers.paper_of(document)
        facts = {
            "name": str(partner),
            "document": {name: getattr(document, name) for name in ("id", "media_type", "expires_on", "is_expired", "created_at", "uploaded_by", "filename")},
            "number": paper.number if paper else "",
            "zone": mrz.read(paper.zone) if paper and paper.zone else None,
            "differences": papers.compare(paper)[1] if paper else [],
            "people": colleagues.owners(partner.id),
        }
        db.session.rollback()  # the look is noted on a session of its own
        papers.note_look(facts["document"]["id"], signed_in().name, signed_in().id)
        return render_template("papers/identity.html", record_id=record_id, **facts)


class PortalPapersView(Papers, HouseView):
    access, frame, route_base = MY_COMPANY, "portal", "/portal/documents"

    def find(self) -> Partner:
        return db.first_or_404(select(Partner).where(Partner.id == signed_in().partner_id))

    @page("/new", needs=WRITE, methods=("GET", "POST"))
    def new(self) -> Response | Any:
        return self.hand_in(self.find, "/portal/profile/", by_partner=True)

"""Agreements in the back office: the file with its proof, amendments, the counter-signature, and the wordings."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import abort, flash, redirect, render_template, request
from flask_babel import force_locale, gettext, lazy_gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.extensions import db
from app.models import EVERY_KIND, Agreement, AgreementKind, AgreementStatus, Partner, PartnerKind
from app.permissions import AGREEMENT_TEXTS, AGREEMENTS, FULL, WRITE
from app.services import agreements, once, signing, wordings
from app.services.refusals import STALE, RuleBroken
from app.views.base import EntityView, HouseView, act, page, signed_in

LANGUAGES = ("fr", "en")


class AgreementView(EntityView):
    model, access, slug, icon = Agreement, AGREEMENTS, "agreements", "file-earmark-check"
    list_columns = ["name", "partner", "status", "signed_at", "countersigned_at"]
    filters = ["status", "kind", "partner_id"]
    form = {}
    show = {
        _("Agreement"): [
            "name",
            "partner",
            "kind",
            "status",
            "refusal",
            "language",
            "expires_at",
            "signed_at",
            "signed_by",
            "countersigned_at",
            "countersigned_by",
            "digest",
        ]
    }
    adds = edits = deletes = False
    adds_at = "/partners/{}/amendments/new"
    show_template = "partners/agreement.html"

    def sections_of(self, record: Agreement) -> dict[Any, list[str]]:
        """Once it is signed, the last day to sign it means nothing; a reason stands where there is one."""
        left_out = {"expires_at"} if record.signed_at is not None else {"signed_at", "signed_by", "countersigned_at", "countersigned_by"}
        left_out |= set() if record.refusal else {"refusal"}
        return {title: [name for name in names if name not in left_out] for title, names in super().sections_of(record).items()}

    @act(_("Withdraw the offer"), confirm=_("Withdraw these offers to sign?"), asks_reason=True, fits=lambda agreement: agreement.status is AgreementStatus.TO_SIGN)
    def withdraw(self, agreement: Agreement, reason: str) -> None:
        agreements.withdraw(agreement, reason)

    @act(_("Offer again"), fits=lambda agreement: agreement.status in (AgreementStatus.CANCELLED, AgreementStatus.EXPIRED, AgreementStatus.REFUSED))
    def offer_again(self, agreement: Agreement) -> None:
        agreements.offer_again(agreement)

    @page("/<id:record_id>/countersign", needs=FULL, methods=("POST",))
    def countersign(self, record_id: int) -> Response:
        """The house's signature beside the partner's; an agreement gets it as the partner is validated."""
        if self.find(record_id).kind is not AgreementKind.AMENDMENT:
            abort(404)
        where = self.address("show_record", record_id=record_id)
        db.session.rollback()  # no transaction is open while the file is sealed
        try:
            with Countersigned(record_id) as counter:
                once.claim(request.form.get("one_time"), signed_in().id)
                signing.countersign(self.find(record_id), counter)
                db.session.commit()
            flash(gettext("The house has counter-signed."), "good")
        except once.AlreadyDone:
            pass
        except RuleBroken as refusal:
            db.session.rollback()
            flash(str(refusal.sentence), "bad")
        return redirect(where)


class Countersigned:
    """The counter-signed file of an agreement while its transaction runs; whichever file is not needed in the end goes."""

    def __init__(self, agreement_id: int) -> None:
        self.agreement_id = agreement_id
        self.before: str | None = None
        self.sealed: signing.Sealed | None = None

    def __enter__(self) -> signing.Sealed:
        self.before = signing.signed_file(self.agreement_id)
        self.sealed = signing.counterseal(self.agreement_id, signed_in().name)
        return self.sealed

    def __exit__(self, *raised: Any) -> None:
        db.session.rollback()
        if self.sealed is not None:
            signing.tidy(self.agreement_id, self.sealed, self.before)


class AmendmentView(HouseView):
    """An amendment for one partner: written from the wording in force, read as the partner will read it, offered."""

    access, route_base = AGREEMENTS, "/partners"

    def find(self, record_id: int) -> Partner:
        return db.first_or_404(select(Partner).where(Partner.id == record_id))

    @page("/<id:record_id>/amendments/new", needs=WRITE, methods=("GET", "POST"))
    def new(self, record_id: int) -> Any:
        partner = self.find(record_id)
        language = request.values.get("language", "fr")
        language = language if language in LANGUAGES else "fr"
        wording = wordings.in_force(AgreementKind.AMENDMENT, partner.kind, language)
        with force_locale(wordings.locale_of(language)):
            numbered = gettext("Amendment no. %(number)s", number=agreements.next_amendment(record_id))
        name, text, refusal = request.form.get("name", numbered)[:200], request.form.get("text", wording.text), None
        if request.method == "POST":
            try:
                own = agreements.own_words(name.replace("\x00", ""), text.replace("\x00", ""))
                with agreements.prepared(partner, language, AgreementKind.AMENDMENT, own) as ready:
                    once.claim(request.form.get("one_time"), signed_in().id)
                    agreement = agreements.offer_amendment(self.find(record_id), language, own, ready)
                    db.session.commit()
                    made = agreement.id
                flash(gettext("The amendment has been offered for signature; the partner has been told by e-mail."), "good")
                return redirect(f"/agreements/{made}")
            except once.AlreadyDone:
                return redirect(f"/partners/{record_id}?tab=agreements")
            except RuleBroken as broken:
                db.session.rollback()
                refusal, partner = broken, self.find(record_id)
        body = render_template(
            "agreements/amendment.html",
            partner=partner,
            language=language,
            name=name,
            text=text,
            refusal=refusal,
            fields=wordings.FIELDS,
            preview=preview_parts(text, partner, language),
            preview_at=f"/partners/{record_id}/amendments/preview",
            one_time=once.new_token(),
        )
        return body, 422 if refusal else 200

    @page("/<id:record_id>/amendments/preview", needs=WRITE, methods=("POST",))
    def preview(self, record_id: int) -> Any:
        return preview_answer(self.find(record_id), request.form.get("language", "fr"))


def preview_parts(text: str, partner: Partner, language: str) -> list[dict[str, Any]] | RuleBroken:
    """The text as it will be read, or why it cannot be."""
    try:
        return wordings.parts_of(wordings.check(text.replace("\x00", "")), partner, language)
    except RuleBroken as refusal:
        return refusal


def preview_answer(partner: Partner, language: str) -> Any:
    """The preview of what is being typed: a piece of a page, or the PDF when that button was pressed."""
    language = language if language in LANGUAGES else "fr"
    text, name = request.form.get("text", ""), request.form.get("name", "")[:200].replace("\x00", "")
    found = preview_parts(text, partner, language)
    if request.form.get("as") == "pdf" and not isinstance(found, RuleBroken):
        try:
            content = agreements.written(name or "—", str(partner), language, found)
        except RuleBroken as refusal:
            return render_template("agreements/preview.html", preview=refusal, language=language), 422
        return Response(content, mimetype="application/pdf", headers={"Content-Disposition": "attachment; filename=preview.pdf", "Cache-Control": "no-store"})
    return render_template("agreements/preview.html", preview=found, language=language)


class Words(NamedTuple):
    """Which words are meant: of an agreement or an amendment, for which kind of partner, in which language."""

    kind: AgreementKind
    partner_kind: str
    language: str

    @property
    def place(self) -> str:
        return f"/wordings/{self.kind.value}/{self.partner_kind or 'all'}/{self.language}"


def words_of(kind: str, partner_kind: str, language: str) -> Words:
    try:
        return Words(AgreementKind(kind), EVERY_KIND if partner_kind == "all" else PartnerKind(partner_kind).value, {each: each for each in LANGUAGES}[language])
    except (ValueError, KeyError):
        abort(404)


class WordingsView(HouseView):
    """What agreements and amendments say, by kind of partner and language, in versions."""

    access, route_base = AGREEMENT_TEXTS, "/wordings"

    @page("/")
    def list(self) -> str:
        kinds = [(EVERY_KIND, _("All kinds of partner")), *((kind.value, kind.label) for kind in PartnerKind)]
        return render_template("agreements/wordings.html", written=wordings.overview(), kinds=kinds, documents=AgreementKind, languages_of=LANGUAGES, words=Words)

    @page("/<kind>/<partner_kind>/<language>")
    def show(self, kind: str, partner_kind: str, language: str) -> Any:
        return self.screen(words_of(kind, partner_kind, language))

    @page("/<kind>/<partner_kind>/<language>", needs=WRITE, methods=("POST",))
    def save(self, kind: str, partner_kind: str, language: str) -> Any:
        words, begun = words_of(kind, partner_kind, language), request.form.get("begun_from", "")
        try:
            once.claim(request.form.get("one_time"), signed_in().id)
            sent = {name: request.form.get(name, "").replace("\x00", "") for name in ("name", "text")}
            number = int(begun) if begun.isdecimal() and len(begun) < 7 else -1
            row = wordings.save(*words, sent["name"], sent["text"], number, signed_in().name)
            db.session.commit()
            flash(gettext("Version %(number)s is in force for what is offered from now on.", number=row.number), "good")
        except once.AlreadyDone:
            pass
        except RuleBroken as refusal:
            db.session.rollback()
            return self.screen(words, refusal)
        return redirect(words.place)

    def screen(self, words: Words, refusal: RuleBroken | None = None) -> Any:
        now_saved = wordings.to_edit(*words)
        stale = refusal is not None and refusal.sentence == STALE
        name, text = request.form.get("name", now_saved.name), request.form.get("text", now_saved.text)
        past = wordings.versions(*words)
        begun = request.args.get("version", "")
        older = next((row for row in past if request.method == "GET" and str(row.number) == begun), None)
        if older is not None:
            name, text = older.name, older.text
        body = render_template(
            "agreements/wording.html",
            words=words,
            kind_words=PartnerKind(words.partner_kind).label if words.partner_kind else _("All kinds of partner"),
            name=name,
            text=text,
            number=now_saved.number,
            saved=now_saved if stale else None,
            versions=past,
            older=older,
            refusal=refusal,
            fields=wordings.FIELDS,
            preview=preview_parts(text, wordings.sample(words.partner_kind), words.language),
            preview_at=f"{words.place}/preview",
            may_write=signed_in().may(AGREEMENT_TEXTS, WRITE),
            one_time=once.new_token(),
        )
        return body, (409 if stale else 422) if refusal else 200

    @page("/<kind>/<partner_kind>/<language>/preview", methods=("POST",))
    def preview(self, kind: str, partner_kind: str, language: str) -> Any:
        words = words_of(kind, partner_kind, language)
        return preview_answer(wordings.sample(words.partner_kind), words.language)

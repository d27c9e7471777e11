"""Complaints, requests about data, and what is kept locked of deleted clients."""

from __future__ import annotations

from flask import Response, current_app
from flask_babel import LazyString, lazy_gettext as _

from app.models import Complaint, DataRequest, LockedFile
from app.permissions import COMPLAINTS, LOCKED_FILES, MY_COMPLAINTS
from app.services import complaints, erasure
from app.views.base import EntityView, Portal, Rules, page, signed_in

COMING = ["client", "received_on", "channel", "subject", "text"]
ANSWERING = ["acknowledged_on", "answered_on", "outcome", "answer"]
TERMS = ["status", "acknowledge_by", "answer_by"]


class ComplaintView(EntityView):
    model, access, slug, icon = Complaint, COMPLAINTS, "complaints", "chat-left-dots"
    rules = Rules(saving=complaints.saving, saved=complaints.saved)
    list_columns = ["subject", "partner", "status", "received_on", "acknowledge_by", "answer_by"]
    under = {"subject": "client"}
    filters = ["status", "partner_id", "client_id", "received_on", "acknowledge_by", "answer_by", "outcome"]
    sort = ["received_on", "acknowledge_by", "answer_by", "status"]
    search = False
    form = {_("Complaint"): ["partner", *COMING], _("What was done"): ANSWERING}
    show = {_("Complaint"): ["partner", *COMING], _("Terms"): TERMS, _("What was done"): ANSWERING}
    deletes = False

    def sections_of(self, record: Complaint) -> dict[LazyString, list[str]]:
        """A client that has been deleted since is still named."""
        shown = super().sections_of(record)
        return shown if record.client_id is not None or not record.client_name else shown | {_("Complaint"): ["partner", *COMING, "client_name"]}

    portal = Portal(
        access=MY_COMPLAINTS,
        list_columns=["subject", "client", "status", "answer_by", "acknowledge_by", "received_on"],
        under={},
        filters=["status", "client_id", "received_on", "answer_by"],
        form={_("Complaint"): COMING, _("What was done"): ANSWERING},
        show={_("Complaint"): COMING, _("Terms"): TERMS, _("What was done"): ANSWERING},
        icon="chat-left-dots",
        title=_("Complaints"),
    )


class DataRequestView(EntityView):
    model, access, slug, icon = DataRequest, COMPLAINTS, "data-requests", "shield-lock"
    rules = Rules(saving=complaints.saving_request)
    list_columns = ["client", "kind", "received_on", "answer_by", "done_on"]
    filters = ["kind", "client_id", "received_on", "answer_by", "done_on"]
    sort = ["received_on", "answer_by"]
    form = {_("Request"): ["client", "kind", "received_on", "text"], _("What was done"): ["done_on", "answer"]}
    show = {_("Request"): ["client", "kind", "received_on", "answer_by", "text"], _("What was done"): ["done_on", "answer"]}
    deletes = False
    portal = Portal(
        access=MY_COMPLAINTS,
        list_columns=["client", "kind", "received_on", "answer_by", "done_on"],
        form={_("Request"): ["client", "kind", "received_on", "text"], _("What was done"): ["done_on", "answer"]},
        show={_("Request"): ["client", "kind", "received_on", "answer_by", "text"], _("What was done"): ["done_on", "answer"]},
        icon="shield-lock",
        title=_("Rights over data"),
    )


class LockedFileView(EntityView):
    """Deleted clients of whom the law has the house keep something; nobody works with it."""

    model, access, slug, icon = LockedFile, LOCKED_FILES, "locked-files", "lock"
    list_columns = ["name", "partner", "purpose", "created_at", "until"]
    filters = ["partner_id", "until", "created_at"]
    sort = ["created_at", "until", "name"]
    search = False
    form = {}
    show = {_("Locked file"): ["name", "partner", "purpose", "created_at", "deleted_by", "until"]}
    adds = edits = deletes = False
    show_template = "clients/locked.html"

    @page("/<id:record_id>/content.json")
    def content(self, record_id: int) -> Response:
        """What is kept, for an authority that asks; whoever looks is named in the history."""
        found = self.find(record_id)
        content, name = found.content, f"client-{found.client_id}.json"
        erasure.note_look(record_id, signed_in().name, signed_in().id)
        response = Response(current_app.json.dumps(content, ensure_ascii=False, indent=2), mimetype="application/json")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

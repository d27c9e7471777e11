"""The mails of the house: to whom, when, what became of each; never the one-time links and codes that stand in them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.models import Mail, MailStatus
from app.permissions import MAILS
from app.services import mails
from app.views.base import EntityView, act


class MailView(EntityView):
    model, access, slug, icon = Mail, MAILS, "mails", "envelope"
    list_columns = ["subject", "partner", "status", "created_at", "sent_at"]
    under = {"subject": "recipient"}
    filters = ["status", "recipient", "partner_id", "created_at", "sent_at"]
    sort = ["created_at", "sent_at"]
    show = {_("Mail"): ["subject", "recipient", "partner", "language"], _("What became of it"): ["status", "created_at", "sent_at", "error", "message_id"]}
    show_template = "mails/show.html"
    adds = edits = deletes = False

    @act(_("Send again"), fits=lambda mail: mail.status in (MailStatus.FAILED, MailStatus.DEFERRED))
    def send_again(self, mail: Mail) -> None:
        mails.send_again(mail)

"""The mails of the house: to whom, when, what became of each; never the one-time links and codes that stand in them."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, current_app, render_template
from flask_babel import lazy_gettext as _

from app.models import Mail, MailStatus
from app.permissions import MAILS
from app.services import mails, notices
from app.views.base import EntityView, act, page

MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox allow-top-navigation-by-user-activation"


def as_sent(mail: Mail) -> Response:
    """The mail's own HTML, for the frame on a page of ours: no script, and styles only where the mail itself has them."""
    answer = Response(mail.html.replace("<head>", '<head><base target="_top">', 1), mimetype="text/html")
    answer.headers["Content-Security-Policy"] = MAIL_POLICY
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


class MailView(EntityView):
    model, access, slug, icon = Mail, MAILS, "mails", "envelope"
    list_columns = ["subject", "partner", "status", "created_at", "sent_at"]
    under = {"subject": "recipient"}
    filters = ["status", "recipient", "partner_id", "created_at", "sent_at"]
    sort = ["created_at", "sent_at"]
    show = {_("E-mail"): ["subject", "recipient", "partner", "language"], _("What became of it"): ["status", "created_at", "sent_at", "error", "message_id"]}
    show_template = "mails/show.html"
    beside = {"/mails/notices": _("Mails that the house writes")}
    adds = edits = deletes = False

    @act(_("Send again"), fits=lambda mail: mail.status not in (MailStatus.SENT, MailStatus.HELD, MailStatus.SENDING))
    def send_again(self, mail: Mail) -> None:
        mails.send_again(mail)

    @page("/notices")
    def notices(self) -> str:
        """Every mail that the house can write, as it would leave, in each language."""
        spoken = list(current_app.config["LANGUAGES"])
        shown = [(notice, [notices.preview(notice, language) for language in spoken]) for notice in notices.names()]
        return render_template("mails/notices.html", view=self, shown=shown)

    @page("/notices/<notice>/<language>")
    def notice(self, notice: str, language: str) -> Any:
        if notice not in notices.names() or language not in current_app.config["LANGUAGES"]:
            abort(404)
        return as_sent(notices.preview(notice, language))

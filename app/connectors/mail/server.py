"""Mails through a server, by Flask-Mail."""

from __future__ import annotations

from smtplib import SMTPException

from flask_mail import Message

from app.connectors.mail import Letter, NotSent
from app.extensions import mail


class ServerTransport:
    def send(self, letter: Letter) -> None:
        message = Message(subject=letter.subject, recipients=[letter.recipient], body=letter.text, html=letter.html)
        message.msgId = letter.message_id
        try:
            mail.send(message)
        except (SMTPException, OSError) as refusal:
            raise NotSent(str(refusal)) from refusal

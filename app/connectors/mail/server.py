"""Mails through a server, by Flask-Mail."""

from __future__ import annotations

import smtplib

from flask import current_app
from flask_mail import Connection, Message

from app.connectors.mail import Letter, NotSent

PATIENCE = 30  # seconds for each answer of the server; without a limit a dead line would hold a worker for good


class PatientConnection(Connection):
    """Flask-Mail's connection with a limit on how long the server may keep silent, and a farewell that cannot fail: what it took
    has been taken."""

    def configure_host(self) -> smtplib.SMTP | smtplib.SMTP_SSL:
        kind = smtplib.SMTP_SSL if self.mail.use_ssl else smtplib.SMTP
        host = kind(self.mail.server, self.mail.port, timeout=PATIENCE)
        if self.mail.use_tls:
            host.starttls()
        if self.mail.username and self.mail.password:
            host.login(self.mail.username, self.mail.password)
        return host

    def __exit__(self, *fault: object) -> None:
        try:
            super().__exit__(*fault)  # type: ignore[arg-type]
        except (smtplib.SMTPException, OSError):
            if self.host is not None:
                self.host.close()


class ServerTransport:
    def send(self, letter: Letter) -> None:
        message = Message(subject=letter.subject, recipients=[letter.recipient], body=letter.text, html=letter.html)
        message.msgId = letter.message_id
        try:
            with PatientConnection(current_app.extensions["mail"]) as connection:
                connection.send(message)
        except smtplib.SMTPRecipientsRefused as refusal:
            code, words = next(iter(refusal.recipients.values()))
            raise NotSent(said(code, words), for_good=code >= 500) from refusal
        except smtplib.SMTPDataError as refusal:
            raise NotSent(said(refusal.smtp_code, refusal.smtp_error), for_good=refusal.smtp_code >= 500) from refusal
        except (smtplib.SMTPException, OSError) as refusal:  # the server itself: its door, our name, our password; all of that is mended here
            raise NotSent(str(refusal) or type(refusal).__name__) from refusal


def said(code: int, words: bytes | str) -> str:
    return f"{code} {words.decode('utf-8', 'replace') if isinstance(words, bytes) else words}"

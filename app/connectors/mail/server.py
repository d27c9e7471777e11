"""Mails through a server, by Flask-Mail."""

from __future__ import annotations

import re
import smtplib
import socket
import threading
from contextlib import suppress

from flask import current_app
from flask_mail import Connection, Message

from app.connectors.mail import Letter, NotSent, sender_of

PATIENCE = 30.0  # seconds for each answer of the server; without a limit a dead line would hold a worker for good
ALTOGETHER = 100.0  # for one letter, less than the lease of its job: a server that drips cannot make two workers send it
# What is wrong with the address itself (RFC 3463); all else is our name, our setting or the server's mood, and is tried again.
NO_SUCH_ADDRESS = re.compile(rb"^5\.1\.(1|2|3|6|10)\b")


class PatientConnection(Connection):
    """Flask-Mail's connection with a limit on how long the server may keep silent, and a farewell that cannot fail: what it took
    has been taken."""

    def configure_host(self) -> smtplib.SMTP | smtplib.SMTP_SSL:
        kind = smtplib.SMTP_SSL if self.mail.use_ssl else smtplib.SMTP
        host = kind(timeout=PATIENCE)
        host._host = self.mail.server  # what starttls() compares the certificate with
        self.alarm = threading.Timer(ALTOGETHER, hang_up, [host])
        self.alarm.daemon = True
        self.alarm.start()
        try:
            host.connect(self.mail.server, self.mail.port)
            if self.mail.use_tls:
                host.starttls()
            if self.mail.username and self.mail.password:
                host.login(self.mail.username, self.mail.password)
        except BaseException:
            self.alarm.cancel()
            host.close()
            raise
        return host

    def __exit__(self, *fault: object) -> None:
        self.alarm.cancel()
        try:
            super().__exit__(*fault)  # type: ignore[arg-type]
        except (smtplib.SMTPException, OSError):
            if self.host is not None:
                self.host.close()


def hang_up(host: smtplib.SMTP) -> None:
    if host.sock is not None:
        with suppress(OSError):
            host.sock.shutdown(socket.SHUT_RDWR)


class ServerTransport:
    def send(self, letter: Letter) -> None:
        message = Message(subject=letter.subject, recipients=[letter.recipient], body=letter.text, html=letter.html, reply_to=letter.reply_to or None)
        message.sender = sender_of(letter, str(message.sender or ""))
        message.msgId = letter.message_id
        try:
            with PatientConnection(current_app.extensions["mail"]) as connection:
                connection.send(message)
        except smtplib.SMTPRecipientsRefused as refusal:
            code, words = next(iter(refusal.recipients.values()))
            raise NotSent(said(code, words), for_good=is_unknown(code, words)) from refusal
        except smtplib.SMTPDataError as refusal:
            raise NotSent(said(refusal.smtp_code, refusal.smtp_error), for_good=is_unknown(refusal.smtp_code, refusal.smtp_error)) from refusal
        except (smtplib.SMTPException, OSError) as refusal:  # the server itself: its door, our name, our password; all of that is mended here
            raise NotSent(str(refusal) or type(refusal).__name__) from refusal


def is_unknown(code: int, words: bytes | str) -> bool:
    """Whether a refusal is about the address: by its enhanced code, or a bare 550 or 553 from a server that gives none."""
    told = words if isinstance(words, bytes) else words.encode()
    return bool(NO_SUCH_ADDRESS.match(told)) or (code in (550, 553) and not re.match(rb"[245]\.[0-9]+\.[0-9]+", told))


def said(code: int, words: bytes | str) -> str:
    return f"{code} {words.decode('utf-8', 'replace') if isinstance(words, bytes) else words}"

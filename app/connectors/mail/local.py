"""Mails as .eml files, which any mail program opens."""

from __future__ import annotations

import re
from email.message import EmailMessage
from pathlib import Path

from app.connectors.mail import Letter, sender_of


class FolderTransport:
    def __init__(self, folder: str, sender: str) -> None:
        self.folder = Path(folder)
        self.sender = sender

    def send(self, letter: Letter) -> None:
        message = EmailMessage()
        message["Message-ID"], message["From"], message["To"], message["Subject"] = letter.message_id, sender_of(letter, self.sender), letter.recipient, letter.subject
        if letter.reply_to:
            message["Reply-To"] = letter.reply_to
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        self.folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^0-9A-Za-z.-]", "_", letter.message_id.strip("<>"))
        (self.folder / f"{name}.eml").write_bytes(message.as_bytes())

"""How a mail leaves: as an .eml file in a folder, or through a server by Flask-Mail where one is configured."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from typing import Protocol


@dataclass(frozen=True)
class Letter:
    """One mail, ready to go. `message_id` was fixed when it was queued, so that a repeat is recognised."""

    message_id: str
    recipient: str
    subject: str
    text: str
    html: str
    sender_name: str = ""  # instead of the house's own, with its address
    reply_to: str = ""


def sender_of(letter: Letter, sender: str) -> str:
    """The house's address under the name that a letter is sent in."""
    return formataddr((letter.sender_name, parseaddr(sender)[1])) if letter.sender_name else sender


class NotSent(Exception):
    """The transport did not take it; `for_good` when it never will, as for an address that does not exist."""

    def __init__(self, reason: str, for_good: bool = False) -> None:
        super().__init__(reason)
        self.for_good = for_good


class Transport(Protocol):
    def send(self, letter: Letter) -> None: ...


chosen: Transport


def choose(server: str, folder: str, sender: str) -> None:
    global chosen
    chosen = ServerTransport() if server else FolderTransport(folder, sender)


from app.connectors.mail.local import FolderTransport  # noqa: E402 - they need the names above
from app.connectors.mail.server import ServerTransport  # noqa: E402

"""Six digits that are mailed to whoever is about to sign: kept as a digest, good for a few minutes and a few tries."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from flask import current_app
from flask_babel import lazy_gettext as _

from app.models import ClientCode, SigningCode, now
from app.services.refusals import RuleBroken

TRIES = 5
NO_LONGER_VALID = _("This code is no longer valid. Please ask for a new one.")
NOT_THE_CODE = _("This is not the code that was sent. Please check it, or ask for a new one.")


def fresh() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"


def digest_of(about: object, code: str) -> str:
    """Bound to what is signed: the code of one document is worth nothing for another."""
    return hmac.new(current_app.config["SECRET_KEY"].encode(), f"{about}:{code}".encode(), hashlib.sha256).hexdigest()


def try_code(sent: SigningCode | ClientCode | None, about: object, code: str) -> bool:
    """Counts a try at a code that was sent, and burns it when it is the right one; raises RuleBroken when none is valid. The caller
    commits either way: a wrong try counts."""
    if sent is None or sent.expires_at < now() or sent.tries >= TRIES:
        raise RuleBroken(NO_LONGER_VALID, "code")
    right = hmac.compare_digest(sent.digest, digest_of(about, code.strip().replace(" ", "")))
    if right:
        sent.used_at = now()
    else:
        sent.tries += 1
    return right

"""Agreements signed in tests the way the house signs them, without a browser and a mail."""

from __future__ import annotations

from app import models as m
from app.extensions import db
from app.services import agreements, signing
from app.services.signing import Sealed


def sign(partner: m.Partner, name: str = "A. Martin", email: str = "a@example.org") -> m.Agreement:
    """The partner's signature under the offered agreement, in the open session."""
    agreement = agreements.to_sign(partner.id)
    assert agreement is not None
    return signing.sign(agreement.id, signing.seal_of(agreement, partner, name, email, "192.0.2.1", "digest", None))


def counter(partner: m.Partner, by: str = "Claire Fontaine") -> Sealed:
    """The file that the house would counter-sign with."""
    agreement = agreements.standing(partner.id)
    assert agreement is not None
    return signing.counterseal_of(agreement, by)


def content(agreement_id: int) -> bytes:
    """The agreement's PDF as it is now."""
    from app.services import files

    return b"".join(files.read(db.session.get_one(m.Agreement, agreement_id).newest_key))

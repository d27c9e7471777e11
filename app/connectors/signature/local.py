"""The house's own seal: PAdES signatures made with its key, and a seal over the facts of a signature."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import logging
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from asn1crypto.keys import PrivateKeyInfo
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils import embed, layout
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from app.connectors.signature import BOX, CLIENT, HOUSE, PARTNER, NotSigned, Seal
from app.connectors.signature.keys import earlier_certificates, key_and_certificate

UNCHANGED = (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING)
LEFT, BOTTOM, GAP = 68, 80, 249  # points: where the first field stands on the last page, and how far the second is from it
WHOLE_FIELD = layout.SimpleBoxLayoutRule(x_align=layout.AxisAlignment.ALIGN_MID, y_align=layout.AxisAlignment.ALIGN_MID)
PATIENCE = 5  # seconds for the time-stamp server
ROOM = 16_384  # bytes for one signature; a time-stamp of a public authority takes 6 to 9 thousand

Found = TypeVar("Found")

for chatty in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(chatty).setLevel(logging.ERROR)  # a certificate of one's own is nobody's news


class LocalProvider:
    level = "simple"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.secret = hashlib.sha256(b"signature proofs\x00" + settings["SECRET_KEY"].encode()).digest()
        self.folder, self.house = Path(settings["KEY_FOLDER"] or Path(settings["INSTANCE"]) / "keys"), settings["HOUSE_NAME"]
        self.time_stamps = HTTPTimeStamper(settings["TSA_URL"], timeout=PATIENCE) if settings["TSA_URL"] else None

    # --- the facts of a signature -----------------------------------------------------------------

    def seal(self, facts: dict[str, Any]) -> dict[str, Any]:
        """The facts with their seal; changing any of them afterwards shows."""
        return facts | {"seal": self.digest(facts)}

    def is_whole(self, proof: dict[str, Any]) -> bool:
        facts = {key: value for key, value in proof.items() if key != "seal"}
        return hmac.compare_digest(self.digest(facts), str(proof.get("seal", "")))

    def digest(self, facts: dict[str, Any]) -> str:
        written = json.dumps(facts, sort_keys=True, ensure_ascii=False).encode()
        return hmac.new(self.secret, written, hashlib.sha256).hexdigest()

    # --- the PDF ----------------------------------------------------------------------------------

    @cached_property
    def signer(self) -> signers.SimpleSigner:
        key, certificate = key_and_certificate(self.folder, self.house)
        own = Certificate.load(certificate)
        return signers.SimpleSigner(signing_cert=own, signing_key=PrivateKeyInfo.load(key), cert_registry=SimpleCertificateStore.from_certs([own]))

    def reserve(self, pdf: bytes, names: tuple[str, ...] = (PARTNER, HOUSE)) -> bytes:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        for place, name in enumerate(names):
            left = LEFT + place * GAP
            fields.append_signature_field(writer, fields.SigFieldSpec(name, on_page=-1, box=(left, BOTTOM, left + BOX[0], BOTTOM + BOX[1])))
        return written(writer)

    def sign(self, pdf: bytes, field: str, reason: str, stamp: bytes, evidence: bytes | None = None) -> bytes:
        """The first signature certifies the document: after it, further fields may be signed and nothing else changed."""
        metadata = signers.PdfSignatureMetadata(
            field_name=field,
            md_algorithm="sha256",
            reason=reason,
            subfilter=fields.SigSeedSubFilter.PADES,
            certify=field in (PARTNER, CLIENT),
            docmdp_permissions=fields.MDPPerm.FILL_FORMS,
        )
        out = io.BytesIO()
        try:
            with tempfile.NamedTemporaryFile(suffix=".pdf") as look:  # pyHanko takes a stamp from a file only
                look.write(stamp)
                look.flush()
                writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
                if evidence is not None:
                    attach(writer, "evidence.json", evidence)
                style = StaticStampStyle.from_pdf_file(look.name, border_width=0, background_opacity=1.0, background_layout=WHOLE_FIELD)
                signer = signers.PdfSigner(metadata, self.signer, timestamper=self.time_stamps, stamp_style=style)
                apart(lambda: signer.sign_pdf(writer, output=out, bytes_reserved=ROOM if self.time_stamps else None))
        except (PdfError, OSError, ValueError) as fault:
            raise NotSigned(f"{type(fault).__name__}: {fault}") from fault
        return out.getvalue()

    def seals(self, pdf: bytes) -> list[Seal]:
        try:
            found = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
            return apart(lambda: [self.look_at(each) for each in found])
        except Exception as fault:  # a file in which any byte may have been changed: whatever its parser stumbles over, it is not one of ours
            raise NotSigned(f"{type(fault).__name__}: {fault}") from fault

    def look_at(self, found: Any) -> Seal:
        roots = [self.signer.signing_cert, *map(Certificate.load, earlier_certificates(self.folder))]
        status = validate_pdf_signature(found, ValidationContext(trust_roots=roots, allow_fetching=False, moment=found.self_reported_timestamp))
        return Seal(
            field=found.field_name,
            reason=str(found.sig_object.get("/Reason", "")),
            at=found.self_reported_timestamp,
            intact=status.intact and status.valid,
            ours=found.signer_cert.dump() in [root.dump() for root in roots],
            changed_later=not status.docmdp_ok or status.modification_level not in UNCHANGED,
            time_stamped=status.timestamp_validity is not None and status.timestamp_validity.intact,
        )


def apart(do: Callable[[], Found]) -> Found:
    """Does something in a thread of its own: pyHanko runs an event loop, and whoever calls may be within one already."""
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(do).result()


def attach(writer: IncrementalPdfFileWriter, name: str, content: bytes) -> None:
    """Embeds a file as PDF/A-3 wants it: with its type and what it is to the document."""
    embedded = embed.EmbeddedFileObject.from_file_data(writer, data=content, mime_type="application/json")
    embed.embed_file(writer, embed.FileSpec(name, file_name=name, embedded_data=embedded, af_relationship=pdf_name("/Data")))


def written(writer: IncrementalPdfFileWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()

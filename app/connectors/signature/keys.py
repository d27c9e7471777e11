"""The key that the house signs with: a file beside the database, never in it, made the first time it is needed."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID_FOR = timedelta(days=3652)


def key_and_certificate(folder: Path, house: str) -> tuple[bytes, bytes]:
    """The key (PKCS 8) and certificate, both DER, from `signature.pem` in the folder: one file, so that they are never apart. Any
    number of processes may ask at once."""
    path = folder / "signature.pem"
    if not path.exists():
        make(path, house)
    content = path.read_bytes()
    key = serialization.load_pem_private_key(content, None)
    certificate = x509.load_pem_x509_certificate(content)
    pkcs8 = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pkcs8, certificate.public_bytes(serialization.Encoding.DER)


def earlier_certificates(folder: Path) -> list[bytes]:
    """Certificates (DER) of keys used before, kept as *.crt in the same folder: what they signed is still ours."""
    return [x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(serialization.Encoding.DER) for path in sorted(folder.glob("*.crt"))]


def make(path: Path, house: str) -> None:
    """An EC key on P-256 with a certificate of its own; the first of several processes wins."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, house[:64])])
    begins = datetime.now(UTC) - timedelta(hours=1)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    content = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    content += certificate.public_bytes(serialization.Encoding.PEM)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    with suppress(FileExistsError):
        os.link(part, path)
    part.unlink()

"""The certificate of the gateways that speak TLS: ECDSA P-256, self-signed, good for a day."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def write_certificate(directory: Path) -> tuple[Path, Path, Path]:
    """PEM files: the certificate, its key, and both in one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    certificate_pem = certificate.public_bytes(Encoding.PEM)
    files = directory / "certificate.pem", directory / "key.pem", directory / "both.pem"
    for file, content in zip(files, (certificate_pem, key_pem, certificate_pem + key_pem), strict=True):
        file.write_bytes(content)
    return files

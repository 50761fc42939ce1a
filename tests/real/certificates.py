"""A certificate for the loopback address, made for the day, and whom to trust for it."""

import ssl
from pathlib import Path

import trustme


def certified(folder: Path, kind: trustme.KeyType = trustme.KeyType.ECDSA) -> tuple[dict[str, str], ssl.SSLContext]:
    """The keys of `[server]` that name the certificate's files in `folder`, and a client's context that trusts it.

    Whom to trust is also in the file `authority.pem`.
    """
    authority = trustme.CA(key_type=kind)
    certificate = authority.issue_cert("127.0.0.1", key_type=kind)
    chain, key = folder / "certificate.pem", folder / "key.pem"
    chain.write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    key.write_bytes(certificate.private_key_pem.bytes())
    authority.cert_pem.write_to_path(folder / "authority.pem")
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    return {"tls_certificate": str(chain), "tls_key": str(key)}, trust

"""Sealing what a console was asked for with, so that what the store holds opens nothing.

The key is made of the secret that the viewer holds (a link's token, a ticket's secret), of which the store has the
sha256 alone: whoever has the store has no identity token, and whoever presents the secret has the key.
"""

import base64
import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keyhole.model import RequesterToken

NONCE_BYTES = 12


def seal(requester: RequesterToken, secret: str) -> str:
    """The requester token, sealed for the store."""
    content = f"{requester.expires_at!r} {requester.application_credential_id or ''} {requester.token}"
    nonce = secrets.token_bytes(NONCE_BYTES)
    return base64.b64encode(nonce + _lock(secret).encrypt(nonce, content.encode(), None)).decode()


def unseal(sealed: str, secret: str) -> RequesterToken | None:
    """The requester token that was sealed with this secret; None for anything else."""
    try:
        packed = base64.b64decode(sealed, validate=True)
        content = _lock(secret).decrypt(packed[:NONCE_BYTES], packed[NONCE_BYTES:], None)
    except (InvalidTag, ValueError):
        return None
    expires_at, credential_id, token = content.decode().split(" ", 2)
    return RequesterToken(token, float(expires_at), credential_id or None)


def _lock(secret: str) -> AESGCM:
    # Another hash than the one under which the secret is kept.
    return AESGCM(hashlib.sha256(f"warrant {secret}".encode()).digest())

"""Encrypts ("seals") the requester token of a console, so that the store's content alone opens nothing.

The key is derived from the viewer's secret (a link's token, a ticket's secret), of which the store only has the sha256:
a copy of the store reveals no identity token, while a request that presents the secret supplies the key.
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
    """The requester token that was sealed with this secret; None for any other text."""
    try:
        packed = base64.b64decode(sealed, validate=True)
        content = _lock(secret).decrypt(packed[:NONCE_BYTES], packed[NONCE_BYTES:], None)
    except (InvalidTag, ValueError):
        return None
    expires_at, credential_id, token = content.decode().split(" ", 2)
    return RequesterToken(token, float(expires_at), credential_id or None)


def _lock(secret: str) -> AESGCM:
    # A different hash than the one that is stored for the secret.
    return AESGCM(hashlib.sha256(f"warrant {secret}".encode()).digest())

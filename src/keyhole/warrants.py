"""Sealing what a console was asked for with, so that what the store holds opens nothing.

The key is made of the secret that the viewer holds (a link's token, a ticket's secret), of which the store has the
sha256 alone: who has the store has no identity token, and who comes with the secret brings the key.
"""

import base64
import hashlib
import json

from cryptography.fernet import Fernet, InvalidToken

from keyhole.model import Warrant


def seal(warrant: Warrant, secret: str) -> str:
    """The warrant as it may be kept."""
    content = json.dumps([warrant.token, warrant.expires_at, warrant.application_credential_id])
    return _lock(secret).encrypt(content.encode()).decode()


def unseal(sealed: str, secret: str) -> Warrant | None:
    """The warrant that was sealed with this secret; None for what was not."""
    try:
        return Warrant(*json.loads(_lock(secret).decrypt(sealed)))
    except InvalidToken:
        return None


def _lock(secret: str) -> Fernet:
    # Another hash than the one under which the secret is kept.
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"warrant {secret}".encode()).digest()))

"""The response to a VNC password challenge (RFC 6143, 7.2.2), for client and server.

DES is no protection today; VNC passwords are supported for hypervisors that offer nothing better.
"""

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from keyhole.errors import ProtocolError

CHALLENGE_BYTES = 16
KEY_BYTES = 8
"""Longer passwords are truncated, shorter ones padded with zeros."""


def response(password: str, challenge: bytes) -> bytes:
    """The 16 bytes that prove the password: the challenge under DES, its key the password, each byte's bits mirrored.

    Raises ProtocolError for a challenge of another size.
    """
    if len(challenge) != CHALLENGE_BYTES:
        raise ProtocolError(f"A VNC password challenge has {CHALLENGE_BYTES} bytes.")
    key = bytes(map(_mirrored, password.encode("utf-8", "surrogateescape")[:KEY_BYTES])).ljust(KEY_BYTES, b"\0")
    # Triple DES under three equal keys is DES.
    cipher = Cipher(TripleDES(key * 3), modes.ECB())  # noqa: S305 - the protocol's own
    encryptor = cipher.encryptor()
    return encryptor.update(challenge) + encryptor.finalize()


def _mirrored(byte: int) -> int:
    return int(f"{byte:08b}"[::-1], 2)

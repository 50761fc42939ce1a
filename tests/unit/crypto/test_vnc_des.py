"""The answer to a VNC password challenge, against the published vectors of DES."""

import pytest

from keyhole.crypto.vnc_des import response
from keyhole.errors import ProtocolError


def password_of(des_key: str) -> str:
    """The password that VNC turns into this DES key: each byte's bits mirrored."""
    return bytes(int(f"{byte:08b}"[::-1], 2) for byte in bytes.fromhex(des_key)).decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("des_key", "block", "answer"),
    [
        # NIST SP 500-20: the zero key, variable plaintext, variable key (bit 8 of a key's byte is parity, not used).
        ("0000000000000000", "0000000000000000", "8ca64de9c1b123a7"),
        ("0101010101010101", "8000000000000000", "95f8a5e5dd31d900"),
        ("8001010101010101", "0000000000000000", "95a8d72813daa94d"),
        ("ffffffffffffffff", "ffffffffffffffff", "7359b2163e4edc58"),
        ("133457799bbcdff1", "0123456789abcdef", "85e813540f0ab405"),
    ],
)
def test_the_answer_is_des_of_both_blocks_under_the_mirrored_password(des_key: str, block: str, answer: str) -> None:
    assert response(password_of(des_key), bytes.fromhex(block * 2)).hex() == answer * 2


def test_a_password_counts_to_its_eighth_byte() -> None:
    challenge = bytes(range(16))
    assert response("eight888 and more", challenge) == response("eight888", challenge)
    assert response("eight88", challenge) != response("eight888", challenge)


def test_an_empty_password_is_the_zero_key() -> None:
    assert response("", bytes(16)).hex() == "8ca64de9c1b123a7" * 2


@pytest.mark.parametrize("size", [0, 8, 15, 17, 1024])
def test_a_challenge_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ProtocolError):
        response("password", bytes(size))

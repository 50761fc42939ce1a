"""The file that holds a console's VNC password."""

from pathlib import Path

import pytest

from keyhole.crypto.vnc_des import response
from keyhole.drivers.common.password_file import read_password


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (b"secret\n", "secret"),
        (b"secret", "secret"),
        (b"secret\r\nmore\n", "secret"),
        (b" spaced out \n", " spaced out "),
        (b"", ""),
    ],
)
def test_the_password_is_the_first_line(tmp_path: Path, content: bytes, password: str) -> None:
    path = tmp_path / "password"
    path.write_bytes(content)
    assert read_password(path).get_secret_value() == password


def test_a_password_of_any_bytes_is_answered_with_those_bytes(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_bytes(b"\xff" * 8)
    # All bits set is DES's key of all ones: NIST SP 500-20.
    answer = response(read_password(path).get_secret_value(), b"\xff" * 16)
    assert answer.hex() == "7359b2163e4edc58" * 2


def test_a_file_without_lines_is_not_read_to_its_end() -> None:
    assert len(read_password(Path("/dev/zero")).get_secret_value()) == 1024


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_password(tmp_path / "password")

"""The file with a console's VNC password, read each time so that a new password needs no restart. Blocks."""

from pathlib import Path

from pydantic import SecretStr

MAX_LINE_BYTES = 1024


def read_password(path: Path) -> SecretStr:
    """The file's first line without its line end. Raises OSError; the error never contains what was read."""
    with path.open("rb") as file:
        line = file.readline(MAX_LINE_BYTES)
    # Bytes that are not UTF-8 pass through `vnc_password.response` unchanged.
    return SecretStr(line.rstrip(b"\r\n").decode("utf-8", "surrogateescape"))

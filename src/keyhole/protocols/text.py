"""Makes a peer's text safe to show, log and store."""

TEXT_LIMIT_CHARACTERS = 1024


def sanitize(text: bytes, limit_characters: int = TEXT_LIMIT_CHARACTERS) -> str:
    """UTF-8 text on one line: every unprintable character (controls, directions, invalid bytes) becomes a `?`.

    At most `limit_characters` are kept. Zero bytes at the end, which QEMU includes in its reasons, are dropped.
    """
    characters = text.rstrip(b"\0")[: 4 * limit_characters].decode("utf-8", "replace")[:limit_characters]
    return printable(characters.replace("\ufffd", "?")).strip()


def printable(text: str) -> str:
    """Text on one line, as long as before: every character that does not print becomes a `?`."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)

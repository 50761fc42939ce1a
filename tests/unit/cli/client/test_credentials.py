from datetime import UTC, datetime

import pytest

from keyhole.cli.client.credentials import NewCredential, expiry

NOW = datetime(2030, 1, 31, 12, 0, 0, 500, UTC)


@pytest.mark.parametrize(
    ("text", "expires_at"),
    [
        ("90m", "2030-01-31T13:30:00Z"),
        ("12h", "2030-02-01T00:00:00Z"),
        ("30d", "2030-03-02T12:00:00Z"),
        ("2030-12-31T18:00:00", "2030-12-31T18:00:00Z"),
        ("2030-12-31T18:00:00Z", "2030-12-31T18:00:00Z"),
        ("2030-12-31T18:00:00.75+01:00", "2030-12-31T17:00:00Z"),
        ("2030-12-31", "2030-12-31T00:00:00Z"),
    ],
)
def test_expiry(text: str, expires_at: str) -> None:
    assert expiry(text, NOW) == expires_at


@pytest.mark.parametrize("text", ["", "d", "0h", "01h", "1.5h", "1w", "-1d", "1 d", "tomorrow", "2030-02-30"])
def test_what_is_no_expiry(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        expiry(text, NOW)


def test_a_secret_is_not_shown_by_accident() -> None:
    made = NewCredential.model_validate({"id": "c1", "name": "ci", "secret": "s3cret"})
    assert "s3cret" not in f"{made!r} {made}"

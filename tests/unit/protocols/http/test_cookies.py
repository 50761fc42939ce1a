"""Writing and reading cookies."""

import pytest

from keyhole.protocols.http.cookies import cookie_value, cookie_values, set_cookie
from keyhole.protocols.http.ticket_cookie import console_of, no_ticket_cookie, secret_in, ticket_cookie

ID = "0123456789abcdef" * 2


def test_every_value_in_order() -> None:
    headers = [("cookie", "a=1; b=2; a=3"), ("host", "a=4"), ("cookie", 'a="5"')]
    assert cookie_values(headers, "a") == ["1", "3", "5"]
    assert cookie_value(headers, "a") == "5"
    assert cookie_value(headers, "c") is None


def test_a_cookie_is_for_one_path_and_for_no_script() -> None:
    line = set_cookie("n", "v", "/c", max_age_seconds=5, secure=False)
    assert line == "n=v; Path=/c; Max-Age=5; HttpOnly; SameSite=Strict"
    assert set_cookie("n", "v", "/c", max_age_seconds=5, secure=True) == f"{line}; Secure"


@pytest.mark.parametrize("value", ["a;b", "a b", "a\r\nSet-Cookie: x=y", "é", 'a"', "a,b", "\x00"])
def test_what_cannot_be_in_a_cookie_is_not_put_there(value: str) -> None:
    with pytest.raises(ValueError, match="cannot have"):
        set_cookie("n", value, "/", max_age_seconds=5, secure=True)


def test_a_tickets_cookie_goes_to_its_console_alone() -> None:
    line = ticket_cookie(ID, "s", max_age_seconds=60, secure=True)
    assert line == f"keyhole_ticket=s; Path=/c/{ID}; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
    assert no_ticket_cookie(ID, secure=False).startswith(f"keyhole_ticket=; Path=/c/{ID}; Max-Age=0;")
    assert secret_in([("cookie", "x=1; keyhole_ticket=s; keyhole_ticket=t")]) == "s"
    assert secret_in([]) is None


@pytest.mark.parametrize(
    ("path", "console_id"),
    [
        (f"/c/{ID}", ID),
        (f"/c/{ID}/", None),
        (f"/c/{ID}/session", None),
        (f"/c/{ID[1:]}", None),
        (f"/c/{ID}0", None),
        (f"/c/{ID.upper()}", None),
        (f"/c/{ID}\n", None),
        ("/c/../../etc/passwd", None),
        (f"//c/{ID}", None),
        ("/", None),
    ],
)
def test_a_consoles_own_path(path: str, console_id: str | None) -> None:
    assert console_of(path) == console_id

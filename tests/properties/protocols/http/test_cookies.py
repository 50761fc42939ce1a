"""The cookie parser accepts any input from browsers and strangers."""

import string

from hypothesis import example, given
from hypothesis import strategies as st

from keyhole.protocols.http.cookies import cookie_value, cookie_values, set_cookie

NAMES = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=12)
VALUES = st.text([chr(code) for code in range(0x21, 0x7F) if chr(code) not in '",;\\'], max_size=50)
JUNK = st.text([chr(code) for code in range(0x100)], max_size=60)


@given(NAMES, VALUES, st.booleans())
def test_what_is_set_is_read_again(name: str, value: str, secure: bool) -> None:
    line = set_cookie(name, value, "/", max_age_seconds=1, secure=secure)
    pair, *attributes = line.split("; ")
    assert cookie_values([("cookie", pair)], name) == [value]
    assert attributes[:1] == ["Path=/"]


@given(st.lists(JUNK, max_size=4), NAMES)
@example(["token=a=b", "token"], "token")
@example(['token="', 'token=""'], "token")
def test_any_headers_give_values_without_what_cookies_cannot_have(lines: list[str], name: str) -> None:
    for value in cookie_values([("cookie", line) for line in lines], name):
        assert not set(value) & set('";\\ \t\r\n\x00')
        assert value.isascii()


@given(JUNK.filter(lambda text: "n=" not in text), VALUES, JUNK.filter(lambda text: "n=" not in text))
def test_junk_around_a_cookie_is_passed_over(before: str, value: str, after: str) -> None:
    assert cookie_value([("cookie", f"{before};n={value};{after}")], "n") == value

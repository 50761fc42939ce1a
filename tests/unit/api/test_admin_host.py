"""Which host names the admins' listener accepts: any from monitoring, from browsers only those that no page can use."""

import pytest
from starlette.requests import Request

from keyhole.api.admin_host import refuse_unknown_host
from keyhole.api.errors import RequestRefused
from keyhole.reasons import Reason

NAMES = frozenset({"console-1", "console.example.com"})
BROWSER = ("accept-language", "de")


def request(host: str | None, *headers: tuple[str, str]) -> Request:
    lines = [*headers, *([("host", host)] if host is not None else [])]
    raw = [(name.encode(), value.encode()) for name, value in lines]
    return Request({"type": "http", "method": "GET", "path": "/readyz", "headers": raw})


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1:9100", "192.0.2.7", "[::1]:9100", "localhost:9100", "LOCALHOST", "localhost.:9100"),
        *("console-1:9100", "Console.Example.COM", "console.example.com.:9100"),
    ],
)
def test_a_browser_may_name_an_address_and_the_names_of_the_machine(host: str) -> None:
    refuse_unknown_host(request(host, BROWSER), NAMES)


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example:9100", "localhost.evil.example", "127.0.0.1.evil.example:9100", "console-1.evil.example", ""),
        *("[::1", "console-1 evil.example", None),
    ],
)
def test_a_page_of_another_name_is_refused(host: str | None) -> None:
    with pytest.raises(RequestRefused) as caught:
        refuse_unknown_host(request(host, BROWSER), NAMES)
    assert (caught.value.status, caught.value.reason) == (403, Reason.ORIGIN_REFUSED)


@pytest.mark.parametrize("name", ["Accept-Language", "Origin", "Referer", "Sec-Fetch-Mode", "Sec-Fetch-Site"])
def test_a_browser_is_known_by_each_header_that_it_alone_sends(name: str) -> None:
    with pytest.raises(RequestRefused):
        refuse_unknown_host(request("evil.example", (name.lower(), "")), NAMES)


def test_monitoring_asks_by_any_name() -> None:
    headers = [("user-agent", "Prometheus/3.0"), ("accept", "text/plain"), ("accept-encoding", "gzip")]
    refuse_unknown_host(request("keyhole.monitoring.svc:9100", *headers), NAMES)

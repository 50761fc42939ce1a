"""Request heads that no client sends by accident, on every surface of a running service."""

from collections.abc import Iterator

import pytest
from anyio.from_thread import BlockingPortal
from tests.fakes.wire import Answer, Wire
from tests.real.service import SIMULATED, USERS, Service, serving

pytest_plugins = ("tests.real.fixtures",)

PATHS = ("/compute/v2.1/servers", "/identity/v3/auth/tokens", "/v1/links/inspect", "/", "/?token=x", "/metrics")


@pytest.fixture(scope="module")
def service(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(portal, tmp_path_factory.mktemp("service"), USERS + SIMULATED) as service:
        yield service


async def answer_to(port: int, head: bytes) -> Answer:
    wire = await Wire.connect(port)
    wire.writer.write(head)
    answer = await wire.answer()
    wire.writer.close()
    return answer


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("lines", "status"),
    [
        pytest.param([f"X-{number}: 1" for number in range(10_000)], 431, id="10 000 headers"),
        pytest.param([f"X-Long: {'x' * 1_000_000}"], 431, id="a megabyte in one"),
        pytest.param([f"Cookie: token={'x' * 20_000}"], 431, id="a long cookie"),
        pytest.param(["Transfer-Encoding: chunked", "Content-Length: 5"], 400, id="two lengths"),
        pytest.param(["Content-Length: -1"], 400, id="a negative length"),
        pytest.param(["no colon"], 400, id="no colon"),
        pytest.param(["X-Zero: \x00"], 400, id="a null byte"),
    ],
)
def test_they_are_refused(service: Service, portal: BlockingPortal, path: str, lines: list[str], status: int) -> None:
    head = "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode()
    answer = portal.call(answer_to, service.port, head)
    assert answer.status == status
    assert answer.headers["connection"] == "close"
    assert service.get("/healthz").text == "ok"
    assert service.events("service.failed") == []

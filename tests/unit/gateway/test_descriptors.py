"""A lack of descriptors is reported once for the whole process, and all servers close idle connections."""

import errno
import io
import json

from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.descriptors import Descriptors
from keyhole.gateway.http_server import HttpServer
from keyhole.telemetry.logs import make_logger
from keyhole.telemetry.telemetry import Telemetry


async def nothing(scope: object, receive: object, send: object) -> None:
    """An application. It takes three arguments, since uvicorn calls a callable that needs none as a factory."""


def test_servers_of_one_process_tell_it_once_and_all_make_room() -> None:
    log = io.StringIO()
    descriptors = Descriptors(Telemetry(make_logger(log, json=True)))
    descriptors.add(lambda: 2)
    descriptors.add(lambda: 3)
    for _ in range(2):
        descriptors.failed(OSError(errno.EMFILE, "Too many open files"))
    (event,) = map(json.loads, log.getvalue().splitlines())
    assert (event["event"], event["part"]) == ("service.degraded", "descriptors")
    assert "5 idle connections were closed" in event["problem"]


def test_a_server_that_shares_descriptors_leaves_looking_to_the_other() -> None:
    looks: list[None] = []
    telemetry = Telemetry(make_logger(io.StringIO(), json=True))
    first = HttpServer(nothing, telemetry, Deadlines())
    second = HttpServer(nothing, telemetry, Deadlines(), descriptors=first.descriptors)
    first.descriptors.check = lambda: looks.append(None)  # type: ignore[method-assign]
    second.tick()
    assert looks == []
    first.tick()
    assert looks == [None]

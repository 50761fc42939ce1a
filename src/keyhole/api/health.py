"""/healthz (alive), /readyz (can it serve, and what ails which part), /metrics (Prometheus)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from keyhole.api.errors import RequestRefused, headers_of, status_of
from keyhole.api.http import NO_STORE, Exchange, json_response, raw_response
from keyhole.api.services import ApiServices
from keyhole.errors import Refusal
from keyhole.reasons import Reason
from keyhole.telemetry.exposition import exposition
from keyhole.telemetry.telemetry import Surface

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})

PART_DEADLINE_SECONDS = 5.0
"""How long a part may take to say how it is."""

_TEXT = "text/plain; charset=utf-8"


class HealthExchange(Exchange):
    """One question about the service's health; nobody needs a token for it."""

    surface = Surface.PAGES

    def __init__(self, request: Request, services: ApiServices) -> None:
        super().__init__(request)
        self._services = services

    async def answer(self) -> Response:
        if self.request.method not in ("GET", "HEAD"):
            message = "Only GET is answered here."
            raise RequestRefused(405, Reason.REQUEST_MALFORMED, message, (("Allow", "GET, HEAD"),))
        match self.request.scope["path"]:
            case "/healthz":
                return raw_response(200, b"ok", _TEXT, [NO_STORE])
            case "/metrics":
                text = exposition(await self._services.count())
                return raw_response(200, text, CONTENT_TYPE_LATEST, [NO_STORE])
            case _:
                return await self._readiness()

    def refuse(self, refusal: Refusal) -> Response:
        return raw_response(status_of(refusal), f"{refusal}\n".encode(), _TEXT, [NO_STORE, *headers_of(refusal)])

    async def _readiness(self) -> Response:
        """{"ready", "parts": {"store", "identity", "drivers": {NAME}}}, each with its "problems".

        200 while Keyhole itself can serve: a driver's problem concerns its own servers only.
        """
        services = self._services
        store, identity, *drivers = await asyncio.gather(
            self._problems("store", services.store_problems),
            self._problems("identity", services.identity.check),
            *(self._problems(f"driver {driver.name}", driver.check) for driver in services.drivers),
        )
        names = [driver.name for driver in services.drivers]
        parts: dict[str, Any] = {
            "store": {"problems": store},
            "identity": {"problems": identity},
            "drivers": {name: {"problems": problems} for name, problems in zip(names, drivers, strict=True)},
        }
        ready = not store and not identity
        return json_response(200 if ready else 503, {"ready": ready, "parts": parts}, [NO_STORE])

    @staticmethod
    async def _problems(part: str, ask: Callable[[], Awaitable[Sequence[str]]]) -> list[str]:
        try:
            async with asyncio.timeout(PART_DEADLINE_SECONDS):
                return list(await ask())
        except TimeoutError:
            return [f"{part} did not say how it is within {PART_DEADLINE_SECONDS:g} seconds"]
        except Refusal as refusal:
            return [str(refusal)]

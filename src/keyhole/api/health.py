"""/healthz (alive), /readyz (can it serve, and how many problems each part has), /metrics (Prometheus)."""

import asyncio
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from keyhole.api.admin_host import refuse_unknown_host
from keyhole.api.auth import caller_of
from keyhole.api.errors import RequestRefused, headers_of, status_of
from keyhole.api.http import NO_STORE, Exchange, json_response, raw_response
from keyhole.api.services import ApiServices
from keyhole.errors import Refusal
from keyhole.reasons import Reason
from keyhole.telemetry.exposition import exposition
from keyhole.telemetry.telemetry import Surface

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})

WHO_ASKS_SECONDS = 5.0
"""How long it may take to find out whether the caller is an admin; after that the caller gets the public answer."""

_TEXT = "text/plain; charset=utf-8"


class HealthExchange(Exchange):
    """One request for the service's health, open to everybody.

    Names of servers, hosts and addresses are for admins only. With `admin_names`, the host names of a listener that
    only admins can reach, all callers except web pages get them.
    """

    surface = Surface.PAGES

    def __init__(self, request: Request, services: ApiServices, *, admin_names: frozenset[str] | None = None) -> None:
        super().__init__(request, services.proxies)
        self._services = services
        self._admin_names = admin_names

    async def answer(self) -> Response:
        if self._admin_names is not None:
            refuse_unknown_host(self.request, self._admin_names)
        path = self.request.scope["path"]
        if path not in PATHS:
            raise RequestRefused(
                404, Reason.NOT_FOUND, f"There is nothing at this address but {', '.join(sorted(PATHS))}."
            )
        if self.request.method not in ("GET", "HEAD"):
            message = "Only GET is answered here."
            raise RequestRefused(405, Reason.REQUEST_MALFORMED, message, (("Allow", "GET, HEAD"),))
        match path:
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
        """{"ready", "parts": {"store", "identity", "drivers": {NAME}}}: how many problems each has; 503 if not ready.

        The detailed form also has "problems", a list of {"part", "sentence"}.
        """
        report = await self._services.readiness.report()
        content: dict[str, Any] = {
            "ready": report.ready,
            "parts": {
                "store": len(report.store),
                "identity": len(report.identity),
                "drivers": {name: len(problems) for name, problems in report.drivers.items()},
                **({"background": len(report.background)} if report.background else {}),
            },
        }
        if self._admin_names is not None or await self._is_asked_by_an_admin():
            content["problems"] = [{"part": part, "sentence": sentence} for part, sentence in report.problems()]
        return json_response(200 if report.ready else 503, content, [NO_STORE])

    async def _is_asked_by_an_admin(self) -> bool:
        """From the token or the sign-in cookie. An invalid one is no reason to refuse the public answer."""
        try:
            async with asyncio.timeout(WHO_ASKS_SECONDS):
                _, token = await caller_of(self.request, self._services)
        except (Refusal, TimeoutError):
            return False
        return token.identity.is_admin

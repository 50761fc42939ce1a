"""The HTTP application: passes each request to its surface, and is the only place where failures become answers."""

import json
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from keyhole.api.compute.exchange import PREFIX as COMPUTE
from keyhole.api.compute.exchange import ComputeExchange
from keyhole.api.compute.operations import OPERATIONS
from keyhole.api.errors import internal_error, loggable, status_of
from keyhole.api.health import PATHS as HEALTH_PATHS
from keyhole.api.health import HealthExchange
from keyhole.api.http import Exchange, IndexedRequest
from keyhole.api.identity.exchange import PREFIX as IDENTITY
from keyhole.api.identity.exchange import IdentityExchange
from keyhole.api.openapi.document import document
from keyhole.api.pages import ConsolePageExchange, PageExchange, page_headers
from keyhole.api.path_table import PathTable
from keyhole.api.services import ApiServices
from keyhole.api.v1.exchange import PREFIX as OWN
from keyhole.api.v1.exchange import V1Exchange
from keyhole.api.v1.operations import methods_at
from keyhole.errors import Refusal
from keyhole.protocols.http.ticket_cookie import console_of
from keyhole.telemetry.telemetry import Telemetry

__all__ = ["ApiServices", "Application", "create_admin_application", "create_application"]


def create_application(services: ApiServices) -> ASGIApp:
    """The ASGI application for API and pages. WebSockets never get here: the front door handles them."""
    return Application(_Surfaces(services).exchange, services.telemetry)


def create_admin_application(services: ApiServices, names: frozenset[str] = frozenset()) -> ASGIApp:
    """The ASGI application of the admins' listener: health in detail, and nothing else.

    `names` are the host names by which browsers may reach it.
    """

    def exchange(request: Request) -> Exchange:
        return HealthExchange(request, services, admin_names=names)

    return Application(exchange, services.telemetry)


class _Surfaces:
    """Which surface a request is for, by the path's first part."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services
        self._routes = PathTable(OPERATIONS)
        described = document(services.public_url, issues_tokens=services.issuer is not None)
        self._document = json.dumps(described).encode()
        self._page_headers = page_headers(services.public_url, services.frame_ancestors)

    def exchange(self, request: Request) -> Exchange:
        """The request, at its surface."""
        services = self._services
        path = request.scope["path"]
        if _is_below(path, COMPUTE):
            return ComputeExchange(request, services, self._routes)
        if _is_below(path, IDENTITY):
            return IdentityExchange(request, services)
        if _is_below(path, OWN) or methods_at(path):
            return V1Exchange(request, services, self._document)
        if path in HEALTH_PATHS:
            return HealthExchange(request, services)
        if console_of(path) is not None:
            return ConsolePageExchange(request, services.proxies, services.pages, self._page_headers, services.tickets)
        return PageExchange(request, services.proxies, services.pages, self._page_headers)


class Application:
    """Answers each request with the exchange that is created for it."""

    def __init__(self, exchange: Callable[[Request], Exchange], telemetry: Telemetry) -> None:
        self._exchange = exchange
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                exchange = self._exchange(IndexedRequest(scope, receive))
                response = await self._answer(exchange)
                if response is not None:
                    await response(scope, receive, send)
            case "lifespan":
                await _live(receive, send)
            case _:
                await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, exchange: Exchange) -> Response | None:
        """The answer, whatever happens; None if the client has gone."""
        try:
            return await exchange.answer()
        except ClientDisconnect:
            return None
        except Refusal as refusal:
            failure = refusal
        except Exception as error:
            # A defect in Keyhole. The client is told no more than that; the log has the details.
            self._telemetry.service_failed(f"{exchange.surface} {exchange.request_id}", error)
            failure = internal_error()
        self._telemetry.refused(
            failure.reason,
            exchange.surface,
            loggable(str(failure)),
            status=status_of(failure),
            request_id=exchange.request_id,
            client=exchange.client,
        )
        return exchange.refuse(failure)


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")


async def _live(receive: Receive, send: Send) -> None:
    """The ASGI lifespan, which does nothing: the composition root opens and closes the services."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return

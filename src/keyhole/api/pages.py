"""The pages: exactly the files that the frontend build lists in its manifest, from memory, with strict headers.

`static/manifest.json` is {"/PATH": {"file": NAME, "type": CONTENT_TYPE, "cache": CACHE_CONTROL, "brotli"?: NAME}}, the
last with the same content compressed by the build. There are no directories, no redirects and no other names, so no
path of a request ever reaches the file system.
"""

import gzip
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from keyhole.api.errors import RequestRefused, headers_of, status_of
from keyhole.api.http import Exchange, raw_response
from keyhole.core.tickets import Tickets
from keyhole.errors import Refusal, SettingsError
from keyhole.model import Protocol
from keyhole.net.addresses import origin_of
from keyhole.net.proxies import Proxies
from keyhole.protocols.http.ticket_cookie import console_of, secret_in
from keyhole.reasons import Reason
from keyhole.telemetry.telemetry import Surface

MANIFEST = "manifest.json"

CONSOLE_PAGE = "/vnc_lite.html"
SERIAL_PAGE = "/serial.html"

ALIASES: Mapping[str, str] = MappingProxyType({"/": "/index.html", "/console": CONSOLE_PAGE})
"""Paths without their own file. Clients other than browsers never get here with /console."""

MIN_GZIP_BYTES = 512
_REFUSED = re.compile(r"q\s*=\s*0(\.0*)?")
_COMPRESSIBLE = ("text/", "application/javascript", "application/json", "image/svg+xml", "application/wasm")


@dataclass(frozen=True, slots=True)
class Page:
    """One file as it is sent; `encoded` has its content codings, the smallest first, where that is smaller."""

    body: bytes
    encoded: Mapping[str, bytes]
    content_type: str
    cache_control: str
    etag: str


class ManifestEntry(BaseModel):
    """One line of the manifest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    type: str
    cache: str
    brotli: str | None = None


_MANIFEST = TypeAdapter(dict[str, ManifestEntry])


def load_pages(directory: Path) -> Mapping[str, Page]:
    """Every page of the build by its path. Raises SettingsError saying how to build them if there are none."""
    try:
        manifest = _MANIFEST.validate_json((directory / MANIFEST).read_bytes())
        pages = {path: _page(directory, entry) for path, entry in manifest.items()}
    except OSError as error:
        raise SettingsError(f"the pages are not built: {error.filename} is missing; run `make page`") from error
    except ValidationError as error:
        raise SettingsError(f"the pages' {MANIFEST} is malformed; run `make page` again") from error
    missing = sorted(path for path in ALIASES.values() if path not in pages)
    if missing:
        raise SettingsError(f"the pages' {MANIFEST} lacks {', '.join(missing)}; run `make page` again")
    return MappingProxyType(pages)


def page_headers(public_url: str, frame_ancestors: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The header lines of every page: what it may load, who may frame it, what it discloses to others.

    A portal that isolates itself (Cross-Origin-Embedder-Policy) may only frame pages that allow it
    (Cross-Origin-Resource-Policy) and are as strict: so a page that others may frame sends both headers.
    """
    origin = origin_of(public_url)
    framing = sorted({*frame_ancestors} - {origin})
    websocket = f"ws{public_url.removeprefix('http')}"
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        f"connect-src 'self' {websocket}",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        " ".join(["frame-ancestors 'self'", *framing]),
        "require-trusted-types-for 'script'",
        "trusted-types lit-html",
    )
    return (
        ("Content-Security-Policy", "; ".join(policy)),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Embedder-Policy", "require-corp"),
        ("Cross-Origin-Resource-Policy", "cross-origin" if framing else "same-origin"),
    )


class PageExchange(Exchange):
    """One request for a page. `headers` are those of `page_headers`, computed once."""

    surface = Surface.PAGES

    def __init__(
        self, request: Request, proxies: Proxies, pages: Mapping[str, Page], headers: tuple[tuple[str, str], ...]
    ) -> None:
        super().__init__(request, proxies)
        self._pages = pages
        self._page_headers = headers

    async def document(self) -> str:
        """The requested page, by its path in the manifest."""
        path: str = self.request.scope["path"]
        return ALIASES.get(path, path)

    async def answer(self) -> Response:
        page = self._pages.get(await self.document())
        if page is None:
            raise RequestRefused(404, Reason.NOT_FOUND, "There is nothing at this address; a console link is longer.")
        if self.request.method not in ("GET", "HEAD"):
            message = "Only GET is answered here."
            raise RequestRefused(405, Reason.REQUEST_MALFORMED, message, (("Allow", "GET, HEAD"),))
        headers = [
            *self._page_headers,
            ("Cache-Control", page.cache_control),
            ("ETag", page.etag),
            ("Vary", "Accept-Encoding"),
        ]
        if page.etag in self.request.headers.get("if-none-match", ""):
            return raw_response(304, b"", page.content_type, headers)
        accepted = accepted_codings(self.request.headers.get("accept-encoding", ""))
        for coding, body in page.encoded.items():
            if coding in accepted:
                return raw_response(200, body, page.content_type, [*headers, ("Content-Encoding", coding)])
        return raw_response(200, page.body, page.content_type, headers)

    def refuse(self, refusal: Refusal) -> Response:
        headers = [*self._page_headers, ("Cache-Control", "no-store"), *headers_of(refusal)]
        return raw_response(status_of(refusal), f"{refusal}\n".encode(), "text/plain; charset=utf-8", headers)


class ConsolePageExchange(PageExchange):
    """One request for the page of a console that was opened before: the page for its ticket's console type."""

    def __init__(
        self,
        request: Request,
        proxies: Proxies,
        pages: Mapping[str, Page],
        headers: tuple[tuple[str, str], ...],
        tickets: Tickets,
    ) -> None:
        super().__init__(request, proxies, pages, headers)
        self._tickets = tickets

    async def document(self) -> str:
        """If the ticket is not valid, any page will do: the page itself finds out why, and says so."""
        console_id = console_of(self.request.scope["path"]) or ""
        try:
            ticket = await self._tickets.find(console_id, secret_in(self.request.headers.items()))
        except Refusal:
            return CONSOLE_PAGE
        is_serial = ticket.grant.console_type.protocol is Protocol.SERIAL
        return SERIAL_PAGE if is_serial and SERIAL_PAGE in self._pages else CONSOLE_PAGE


def accepted_codings(header: str) -> frozenset[str]:
    """The content codings that an Accept-Encoding names and does not refuse (RFC 9110 12.5.3); "*" matches none."""
    found = set()
    for one in header.lower().split(","):
        coding, _, weight = one.partition(";")
        if not _REFUSED.fullmatch(weight.strip()):
            found.add(coding.strip())
    return frozenset(found)


def _page(directory: Path, entry: ManifestEntry) -> Page:
    body = (directory / entry.file).read_bytes()
    encoded: dict[str, bytes] = {}
    if entry.brotli is not None:
        encoded["br"] = (directory / entry.brotli).read_bytes()
    if len(body) >= MIN_GZIP_BYTES and entry.type.startswith(_COMPRESSIBLE):
        encoded["gzip"] = gzip.compress(body, 9, mtime=0)
    smaller = {coding: packed for coding, packed in encoded.items() if len(packed) < len(body)}
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    return Page(body, smaller, entry.type, entry.cache, etag)

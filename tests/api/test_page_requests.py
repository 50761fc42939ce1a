"""Pages over HTTP."""

import gzip
from dataclasses import replace

import pytest
from tests.api.world import World, make_page

from keyhole.api.application import create_application
from keyhole.api.pages import Page

STRICT = (
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Embedder-Policy",
    "Cross-Origin-Resource-Policy",
)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/", "<html>start</html>"),
        ("/?token=x", "<html>start</html>"),
        ("/index.html", "<html>start</html>"),
        ("/vnc_lite.html?path=%3Ftoken%3Dx", "<html>noVNC</html>"),
        ("/console?token=x", "<html>noVNC</html>"),
    ],
)
async def test_pages_and_their_aliases(path: str, body: str) -> None:
    response = await World().ask("GET", path, user=None, Accept="text/html")
    assert (response.status_code, response.text) == (200, body)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-cache"
    assert all(name in response.headers for name in STRICT)


@pytest.mark.parametrize(
    "path",
    [
        "/nosuch",
        "//index.html",
        "//evil.example.com/",
        "/../etc/passwd",
        "/%2e%2e/manifest.json",
        "/manifest.json",
        "/index.html/",
    ],
)
async def test_nothing_else_is_there_and_nothing_redirects(path: str) -> None:
    world = World()
    response = await world.ask("GET", f"http://listener{path}", user=None)
    assert response.status_code == 404
    assert "Location" not in response.headers
    assert all(name in response.headers for name in STRICT)
    assert world.refusals("not_found") == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_only_get_and_head(method: str) -> None:
    response = await World().ask(method, "/index.html", user=None)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")


async def test_a_page_that_is_known_is_not_sent_again() -> None:
    world = World()
    etag = (await world.ask("GET", "/", user=None)).headers["ETag"]
    response = await world.ask("GET", "/", user=None, If_None_Match=etag)
    assert (response.status_code, response.content) == (304, b"")
    assert (await world.ask("GET", "/", user=None, If_None_Match='"other"')).status_code == 200


@pytest.mark.parametrize(
    ("accepts", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("GZip;q=0.5, BR;q=0.1", "br"),
        ("gzip, br;q=0", "gzip"),
        ("br; q=0.000, gzip ;q = 0", None),
        ("brotli, x-gzip", None),
        ("identity", None),
        ("*", None),
        ("", None),
    ],
)
async def test_compressed_where_the_client_takes_it(accepts: str, encoding: str | None) -> None:
    world = World()
    page = Page(b"plain", {"br": b"packed", "gzip": gzip.compress(b"plain")}, "text/plain", "no-cache", '"x"')
    pages = {"/index.html": page, "/vnc_lite.html": make_page(b"")}
    world.application = create_application(replace(world.services, pages=pages))
    response = await world.ask("GET", "/", user=None, Accept_Encoding=accepts)
    assert response.headers.get("Content-Encoding") == encoding
    assert response.content == (b"packed" if encoding == "br" else b"plain")
    assert response.headers["Vary"] == "Accept-Encoding"

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from keyhole.api.pages import load_pages, page_headers
from keyhole.errors import SettingsError

HTML = b"<html>" + b"x" * 1000 + b"</html>"


def build(directory: Path, manifest: Any, **files: bytes) -> Path:
    (directory / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    for name, body in files.items():
        (directory / name).write_bytes(body)
    return directory


def entry(file: str, content_type: str = "text/html; charset=utf-8", cache: str = "no-cache") -> dict[str, str]:
    return {"file": file, "type": content_type, "cache": cache}


PAGES = {"/index.html": entry("index"), "/vnc_lite.html": entry("lite")}


def test_loads_what_the_manifest_names(tmp_path: Path) -> None:
    manifest = PAGES | {"/assets/x.png": entry("picture", "image/png", "max-age=1")}
    pages = load_pages(build(tmp_path, manifest, index=HTML, lite=b"short", picture=b"p" * 1000, other=b"no"))
    assert set(pages) == set(manifest)
    assert pages["/index.html"].body == HTML
    assert gzip.decompress(pages["/index.html"].encoded["gzip"]) == HTML
    assert pages["/vnc_lite.html"].encoded == {}
    assert pages["/assets/x.png"].encoded == {}
    assert pages["/assets/x.png"].cache_control == "max-age=1"
    assert pages["/index.html"].etag != pages["/vnc_lite.html"].etag


def test_what_the_build_compressed_is_sent_before_what_is_compressed_here(tmp_path: Path) -> None:
    manifest = {path: one | {"brotli": f"{one['file']}.br"} for path, one in PAGES.items()}
    packed = {"index.br": b"packed", "lite.br": b"larger than it was"}
    pages = load_pages(build(tmp_path, manifest, index=HTML, lite=b"short", **packed))
    assert list(pages["/index.html"].encoded) == ["br", "gzip"]
    assert pages["/index.html"].encoded["br"] == b"packed"
    assert pages["/vnc_lite.html"].encoded == {}


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (None, "is malformed"),
        ({"/index.html": {"file": "index"}}, "is malformed"),
        (PAGES | {"/x": entry("nosuch")}, "not built"),
        (PAGES | {"/x": entry("index") | {"brotli": "nosuch"}}, "not built"),
        ({"/index.html": entry("index")}, "lacks /vnc_lite.html"),
    ],
)
def test_says_what_is_wrong_with_the_build_and_what_to_run(tmp_path: Path, manifest: Any, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        load_pages(build(tmp_path, manifest, index=HTML, lite=HTML))
    assert "make page" in str(caught.value)


def test_says_how_to_build_when_nothing_is_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"not built.*make page"):
        load_pages(tmp_path / "static")


@pytest.mark.parametrize(
    ("public_url", "websocket"),
    [("https://c.example.com", "wss://c.example.com"), ("http://[::1]:6080", "ws://[::1]:6080")],
)
def test_policy_names_the_websocket_and_who_may_frame(public_url: str, websocket: str) -> None:
    policy = dict(page_headers(public_url, {"https://b.example.com", "https://a.example.com"}))[
        "Content-Security-Policy"
    ]
    directives = policy.split("; ")
    assert directives[0] == "default-src 'none'"
    assert f"connect-src 'self' {websocket}" in directives
    assert "frame-ancestors 'self' https://a.example.com https://b.example.com" in directives
    assert "unsafe" not in policy


def test_only_scripts_of_the_pages_own_make_trusted_types() -> None:
    policy = dict(page_headers("https://c.example.com", ()))["Content-Security-Policy"].split("; ")
    assert {"require-trusted-types-for 'script'", "trusted-types lit-html"} <= set(policy)


@pytest.mark.parametrize(
    ("frame_ancestors", "policy"),
    [((), "same-origin"), (("https://c.example.com",), "same-origin"), (("https://a.example.com",), "cross-origin")],
)
def test_only_a_page_that_others_may_frame_is_handed_to_others(frame_ancestors: tuple[str, ...], policy: str) -> None:
    headers = dict(page_headers("https://c.example.com", frame_ancestors))
    assert headers["Cross-Origin-Resource-Policy"] == policy
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"

"""The build of the pages: what it depends on, how files are served, and how a build takes the old one's place."""

from pathlib import Path

import pytest
from tools import build_frontend


@pytest.mark.parametrize(
    ("name", "content_type", "cache"),
    [
        ("vnc_lite.html", "text/html; charset=utf-8", "no-store"),
        ("assets/rfb-CxsXsMUX.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("assets/console-1E99lgT5.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"),
        ("favicon.svg", "image/svg+xml", "no-cache"),
        ("licenses.txt", "text/plain; charset=utf-8", "no-cache"),
    ],
)
def test_a_file_is_served_by_its_kind(name: str, content_type: str, cache: str) -> None:
    assert build_frontend.manifest_entry(name) == {"file": name, "type": content_type, "cache": cache}


@pytest.mark.parametrize("name", ["assets/x.map", "LICENSE", ".stamp"])
def test_a_file_of_unknown_kind_is_not_served_by_guesswork(name: str) -> None:
    with pytest.raises(build_frontend.BuildError, match="CONTENT_TYPES"):
        build_frontend.manifest_entry(name)


def test_sources_are_the_pages_the_lock_and_the_tool_but_no_libraries_and_tests() -> None:
    names = {path.relative_to(build_frontend.ROOT).as_posix() for path in build_frontend.sources()}
    assert {"frontend/package-lock.json", "frontend/vnc_lite.html", "frontend/src/pages/console.ts"} <= names
    assert "tools/build_frontend.py" in names
    assert not any(name.startswith(("frontend/node_modules/", "frontend/tests/")) for name in names)


def test_the_stamp_changes_with_any_content_and_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_frontend, "ROOT", tmp_path)
    one, two = tmp_path / "a.ts", tmp_path / "b.ts"
    one.write_text("x")
    two.write_text("y")
    stamp = build_frontend.stamp_of([one, two])
    assert build_frontend.stamp_of([one, two]) == stamp
    two.write_text("z")
    assert build_frontend.stamp_of([one, two]) != stamp
    two.write_text("y")
    assert build_frontend.stamp_of([one, two.rename(tmp_path / "c.ts")]) != stamp


def test_a_complete_build_takes_the_place_of_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    static = tmp_path / "package" / "static"
    monkeypatch.setattr(build_frontend, "STATIC", static)
    for number in ("1", "2"):
        fresh = tmp_path / f"fresh{number}"
        fresh.mkdir()
        (fresh / f"only-in-{number}").touch()
        build_frontend.swap(fresh, tmp_path / "old")
    assert [path.name for path in static.iterdir()] == ["only-in-2"]
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["only-in-1"]


def test_a_failing_program_is_a_build_error_that_says_what_failed() -> None:
    with pytest.raises(build_frontend.BuildError, match=r"^bundling failed\.$"):
        build_frontend.run("bundling", "--eval", "process.exit(3)")


def test_the_lock_names_no_registry() -> None:
    assert '"resolved"' not in build_frontend.LOCK.read_text(encoding="utf-8")

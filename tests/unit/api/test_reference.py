from keyhole.api.compute.operations import OPERATIONS
from keyhole.api.identity.endpoints import ENDPOINTS
from keyhole.api.reference import render
from keyhole.api.v1.operations import OWN_OPERATIONS


def test_names_every_call() -> None:
    text = render()
    for operation in OPERATIONS:
        assert f"`{operation.method} {operation.path}`" in text
    for endpoint in ENDPOINTS:
        assert f"`{endpoint.method} /identity{endpoint.path}`" in text
    for own in OWN_OPERATIONS:
        assert f"`{own.method} {own.path}`" in text
    for path in ("/healthz", "/readyz", "/metrics"):
        assert path in text


def test_shows_bodies_in_short() -> None:
    assert '`{"os-getVNCConsole": {"type": novnc or xvpvnc}}`' in render()
    assert '`{"os-getConsoleOutput": {"length"?: integer or string or null}}`' in render()


def test_shows_answers_in_short() -> None:
    assert '"servers": [{"id", "name", "project": {"id", "name"}, "host"' in render()
    assert '"last_opened": {"user", "at"} or null}], "next_marker"?}`' in render()


def test_has_no_broken_table() -> None:
    table = [line for line in render().splitlines() if line.startswith("| `")]
    assert table
    assert all(line.endswith(" |") for line in table)

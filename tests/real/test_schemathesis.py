"""Requests made from the OpenAPI document, good and bad: every answer is a documented one and none is a defect's."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from tests.real.processes import run
from tests.real.service import DEMO, SIMULATED, SIMULATED_ID, USERS, Service, User, serving

pytest_plugins = ("tests.real.fixtures",)

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
ADMIN = User("admin", "admin-password", "demo", ("admin",))
FEWEST = 1000
SECONDS = (25, 150)
"""How long requests are made: for longer where the machine is so busy that they are fewer than these."""
LONGEST_SECONDS = 200


@pytest.fixture(scope="module")
def service(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = USERS + ADMIN.settings + SIMULATED
    with serving(portal, tmp_path_factory.mktemp("service"), settings) as service:
        yield service


@pytest.mark.parametrize("real", [False, True], ids=["any names", "real ones"])
def test_every_answer_is_a_documented_one(service: Service, tmp_path: Path, *, real: bool) -> None:
    """But for signing out, after which nobody would be let in any more."""
    known = names_of(service) if real else {}
    for seconds in SECONDS:
        count = conforming(service, tmp_path, known, "--exclude-path", "/v1/sign-out", "--max-time", str(seconds))
        if count >= FEWEST:
            break
    assert count >= FEWEST


def test_signing_out_answers_as_documented(service: Service, tmp_path: Path) -> None:
    token = service.sign_in(DEMO.name, DEMO.password).headers["X-Subject-Token"]
    assert conforming(service, tmp_path, {}, "--include-path", "/v1/sign-out", token=token) >= 1
    assert service.get("/v1/me", headers={"X-Auth-Token": token}).status_code == 401


def names_of(service: Service) -> dict[str, str]:
    """The parameters of paths, by names that there are."""
    flavors = service.get("/compute/v2.1/flavors", headers={"X-Auth-Token": service.token_of(ADMIN)}).json()["flavors"]
    with service.http as client:
        token = service.console_url(SIMULATED_ID).rpartition("%3D")[2]
        link = client.post("/v1/links/inspect", json={"token": token}).raise_for_status().json()
    return {"server_id": SIMULATED_ID, "flavor_id": flavors[0]["id"], "console_id": link["console"]}


def conforming(service: Service, folder: Path, known: dict[str, str], *options: str, token: str | None = None) -> int:
    """Asserts that every one of the requests passes; returns how many there were."""
    config = folder / "schemathesis.toml"
    config.write_text("[parameters]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in known.items()))
    done = run(
        SCHEMATHESIS,
        *("--config-file", config, "run", f"{service.url}/v1/openapi.json", "--checks", ",".join(CHECKS)),
        *("--header", f"X-Auth-Token: {token or service.token_of(ADMIN)}", "--phases", "examples,coverage,fuzzing"),
        *("--max-examples", "15", "--seed", "1", "--no-color", "--warnings", "off", *options),
        folder=folder,
        seconds=LONGEST_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert found, done.stdout
    assert found[1] == found[2]
    assert service.events("service.failed") == []
    return int(found[1])

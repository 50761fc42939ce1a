"""Requests made from the OpenAPI document, good and bad: every answer is a documented one and none is a defect's."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from tests.real.processes import run
from tests.real.service import SIMULATED, SIMULATED_ID, USERS, Service, User, serving

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
SECONDS = 25
FEWEST = 1000


@pytest.fixture(scope="module")
def service(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = USERS + ADMIN.settings + SIMULATED
    with serving(portal, tmp_path_factory.mktemp("service"), settings) as service:
        yield service


@pytest.mark.parametrize("server_id", [None, SIMULATED_ID], ids=["any server", "a real one"])
def test_every_answer_is_a_documented_one(service: Service, tmp_path: Path, server_id: str | None) -> None:
    flavor = service.get("/compute/v2.1/flavors", headers={"X-Auth-Token": service.token_of(ADMIN)}).json()["flavors"][
        0
    ]
    known = {"server_id": server_id, "flavor_id": flavor["id"]} if server_id else {}
    config = tmp_path / "schemathesis.toml"
    config.write_text("[parameters]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in known.items()))
    done = run(
        SCHEMATHESIS,
        *("--config-file", config, "run", f"{service.url}/v1/openapi.json", "--checks", ",".join(CHECKS)),
        *("--header", f"X-Auth-Token: {service.token_of(ADMIN)}", "--phases", "examples,coverage,fuzzing"),
        *("--max-examples", "15", "--max-time", str(SECONDS), "--seed", "1", "--no-color", "--warnings", "off"),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert found, done.stdout
    assert found[1] == found[2]
    assert int(found[1]) > FEWEST
    assert service.events("service.failed") == []

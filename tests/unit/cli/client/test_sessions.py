"""Sessions where the cloud's compute API is somebody else's."""

from typing import Any

import pytest
from tests.fakes.cloud_api import CloudApi
from tests.fakes.command_line import CommandLine


@pytest.mark.parametrize("command", [("sessions",), ("kill", "x")])
def test_a_nova_knows_of_no_sessions(
    keyhole: CommandLine, cloud: CloudApi, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    catalog = cloud._catalog()
    catalog[0]["endpoints"][0]["url"] = f"{cloud.url}/v2.1"

    def elsewhere(_: CloudApi) -> list[dict[str, Any]]:
        return catalog

    monkeypatch.setattr(CloudApi, "_catalog", elsewhere)
    done = keyhole(*command)
    assert (done.status, done.out) == (1, "")
    assert done.err == "keyhole: this command requires Keyhole, but this cloud has another compute API\n"

"""Ten thousand servers. A driver's tests inherit `ManySuite` and give it the fixture `many`."""

import inspect
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest
from tests.contract.driver_news import ADMIN
from tests.contract.driver_stage import CONTEXT, PROJECT

from keyhole.core.server_index import ServerIndex
from keyhole.core.servers import Servers
from keyhole.model import ConsoleType
from keyhole.ports.drivers import HypervisorDriver

MANY = 10_000
SERVER_IDS = [f"vm-{number}" for number in range(MANY)]


class Steps:
    """How many functions a driver's modules called, in every thread that was started since."""

    def __init__(self) -> None:
        self.folder = ""
        self.count = 0

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        if event in ("call", "c_call") and self.folder and frame.f_code.co_filename.startswith(self.folder):
            self.count += 1


class ManySuite:
    @pytest.fixture
    def steps(self) -> Iterator[Steps]:
        steps = Steps()
        threading.setprofile(steps)
        sys.setprofile(steps)
        try:
            yield steps
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    async def test_servers_are_listed_and_one_is_located_without_a_step_for_each(
        self, many: HypervisorDriver, steps: Steps
    ) -> None:
        servers = Servers(ServerIndex([many]))
        await servers.list_for(ADMIN, all_projects=True)  # what is read once and kept
        steps.folder = str(Path(inspect.getfile(type(many))).parent)
        found = await servers.list_for(ADMIN, all_projects=True)
        assert [server.id for server in found] == SERVER_IDS
        await servers.find(SERVER_IDS[-1])
        project_id = CONTEXT.project_id_of(PROJECT)
        _, location = await servers.locate(SERVER_IDS[-1], project_id, ConsoleType.NOVNC, many.name)
        assert location.server == found[-1]
        assert 0 < steps.count < MANY / 100

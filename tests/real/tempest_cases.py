"""Tempest's own tests of consoles, run by Tempest's Python (`test_tempest.py`) on a server that is there already.

What they do and how they judge is theirs. Only the steps around them are replaced that take more of a cloud than its
consoles: servers are not created, restarted or deleted, and there are no networks.
"""

import os
import unittest
from typing import Any

from tempest.api.compute.servers import test_novnc, test_server_actions, test_servers_negative

SERVER_ID = os.environ["KEYHOLE_SERVER_ID"]

CASES = {
    "NoVncOfTheServer": ("test_novnc", "test_novnc_bad_token"),
    "ActionsOnTheServer": ("test_get_console_output",),
    "OtherActionsOnTheServer": ("test_get_vnc_console", "test_get_console_output_with_unlimited_size"),
    "NoSuchServer": ("test_get_console_output_of_non_existent_server",),
}


class OneServer:
    """The steps that need a whole cloud, on the one server."""

    create_default_network = False

    @classmethod
    def prepare_instance_network(cls) -> None:
        """There are no networks."""

    @classmethod
    def create_test_server(cls, **_wishes: Any) -> Any:
        return cls.servers_client.show_server(SERVER_ID)["server"]  # type: ignore[attr-defined]

    @classmethod
    def recreate_server(cls, *_wishes: Any, **_more: Any) -> str:
        return SERVER_ID

    def reboot_server(self, server_id: str, type: str) -> None:  # noqa: A002
        """It goes on as it is."""


class NoVncOfTheServer(OneServer, test_novnc.NoVNCConsoleTestJSON):  # type: ignore[misc]
    """The page, the upgrade, the RFB handshake, and a token that is none."""


class ActionsOnTheServer(OneServer, test_server_actions.ServerActionsTestJSON):  # type: ignore[misc]
    """The end of the console log."""


class OtherActionsOnTheServer(OneServer, test_server_actions.ServerActionsTestOtherB):  # type: ignore[misc]
    """The link, and the whole console log."""


class NoSuchServer(OneServer, test_servers_negative.ServersNegativeTestJSON):  # type: ignore[misc]
    """The console log of a server that is none."""

    @classmethod
    def resource_setup(cls) -> None:
        super(test_servers_negative.ServersNegativeTestJSON, cls).resource_setup()
        cls.server_id = SERVER_ID


def load_tests(loader: unittest.TestLoader, _found: unittest.TestSuite, _pattern: str | None) -> unittest.TestSuite:
    """Those of Tempest's tests that a console service can pass: the others need what is no matter of consoles."""
    suite = unittest.TestSuite()
    for name, cases in CASES.items():
        suite.addTests(loader.loadTestsFromName(f"{__name__}.{name}.{case}") for case in cases)
    return suite

"""OpenStack's Tempest judges the consoles by its own code, by the old actions and by remote-consoles."""

import os
from pathlib import Path

import pytest
from tests.real.processes import run
from tests.real.service import DEMO, WATCHER, Service

from keyhole.demo.qemu_guest import DemoGuest

pytest_plugins = ("tests.real.fixtures",)

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".cache" / "tempest" / "bin" / "python"
CASES = 6

SETTINGS = """
[auth]
use_dynamic_credentials = false
test_accounts_file = {accounts}
[identity]
auth_version = v3
uri_v3 = {url}/identity/v3
[service_available]
cinder = false
glance = false
neutron = false
swift = false
[compute]
min_microversion = {version}
max_microversion = {version}
[compute-feature-enabled]
vnc_console = true
[validation]
run_validation = false
[oslo_concurrency]
lock_path = {locks}
"""

ACCOUNT = """
- username: {user.name}
  password: {user.password}
  project_name: {user.project}
  domain_name: Default
  roles: {roles}
"""


@pytest.mark.parametrize("version", ["2.1", "2.6", "2.100"])
def test_tempests_own_tests_pass(service: Service, guest: DemoGuest, tmp_path: Path, version: str) -> None:
    assert PYTHON.exists(), "`make test` installs Tempest from requirements/rigs/tempest.lock"
    accounts, config = tmp_path / "accounts.yaml", tmp_path / "tempest.conf"
    accounts.write_text("".join(ACCOUNT.format(user=user, roles=list(user.roles)) for user in (DEMO, WATCHER)))
    config.write_text(SETTINGS.format(accounts=accounts, url=service.url, version=version, locks=tmp_path))
    more = {"TEMPEST_CONFIG_DIR": str(tmp_path), "TEMPEST_CONFIG": config.name, "PYTHONPATH": str(ROOT)}
    environment = os.environ | more | {"KEYHOLE_SERVER_ID": guest.server_id, "HOME": str(tmp_path)}
    done = run(PYTHON, "-m", "unittest", "-v", "tests.real.tempest_cases", environment=environment, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"Ran {CASES} tests" in done.stderr
    assert "skipped" not in done.stderr

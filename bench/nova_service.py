"""Nova's compute API in one process: the program that runs in Nova's own virtual environment (see `nova.py`).

API, RPC (oslo.messaging's in-process transport), compute manager and the fake hypervisor are Nova's own, as installed
from PyPI, and so is the middleware that asks Keystone about tokens. Only what costs a running Nova nothing per request
is left out: scheduler, placement, periodic tasks. SQLite is set up as fast as it goes (WAL, no waiting for the disk).

`python nova_service.py SETTINGS`: a JSON file with `folder` (where the state goes), `port`, `threads`, `auth_url`,
`user`, `password` and `project` of the user who may ask about tokens, and `servers` ([{id, name, project_id}]).
"""

import json
import os
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import Any

HOST = "compute1"
CELL = "11111111-1111-4111-8111-111111111111"
DATABASES = ("main", "cell0", "api")

CONFIGURATION = """
[DEFAULT]
host = {host}
state_path = {folder}
log_file = {folder}/nova.log
transport_url = fake://
compute_driver = fake.FakeDriver
use_ipv6 = false
[database]
connection = sqlite:///{folder}/main.db
sqlite_synchronous = false
[api_database]
connection = sqlite:///{folder}/api.db
sqlite_synchronous = false
[oslo_concurrency]
lock_path = {folder}
[serial_console]
enabled = true
[spice]
enabled = true
[keystone_authtoken]
auth_type = password
auth_url = {auth_url}
www_authenticate_uri = {auth_url}
username = {user}
password = {password}
project_name = {project}
user_domain_id = default
project_domain_id = default
"""


def configure(settings: dict[str, Any]) -> None:
    """Writes the configuration and points Nova to it, before anything of Nova is imported."""
    folder = Path(settings["folder"])
    (folder / "nova.conf").write_text(CONFIGURATION.format(host=HOST, **settings))
    pipeline = Path(sys.prefix, "etc/nova/api-paste.ini")
    os.environ["OS_NOVA_CONFIG_DIR"] = str(folder)
    os.environ["OS_NOVA_CONFIG_FILES"] = f"{pipeline};nova.conf"
    os.environ["OS_NOVA_DISABLE_EVENTLET_PATCHING"] = "yes"


def create_databases(folder: Path) -> None:
    """The schema of the API's database and of both cells'."""
    from nova import context, objects
    from nova.db import migration

    for name in DATABASES:
        sqlite3.connect(folder / f"{name}.db").execute("PRAGMA journal_mode = WAL")
    migration.db_sync(database="api")
    admin = context.get_admin_context()
    for uuid, name in ((objects.CellMapping.CELL0_UUID, "cell0"), (CELL, "main")):
        database = f"sqlite:///{folder}/{name}.db"
        cell = objects.CellMapping(admin, uuid=uuid, name=name, transport_url="fake://", database_connection=database)
        cell.create()
        with context.target_cell(admin, cell) as targeted:
            migration.db_sync(context=targeted)


def add_host() -> None:
    """The hypervisor on which all servers are, by its service's record and its mapping to the cell."""
    from nova import context, objects

    admin = context.get_admin_context()
    cell = objects.CellMapping.get_by_uuid(admin, CELL)
    objects.HostMapping(admin, host=HOST, cell_mapping=cell).create()
    objects.Service(admin, host=HOST, binary="nova-compute", topic="compute", report_count=0).create()


def add_server(server: dict[str, Any]) -> None:
    """A server by its records alone: the fake hypervisor answers for any. States may be given as Nova names them."""
    from nova import context, objects
    from nova.network.model import NetworkInfo

    project, user = server["project_id"], server.get("user_id", "fake-user")
    owner = context.RequestContext(user_id=user, project_id=project, is_admin=True)
    cell = objects.CellMapping.get_by_uuid(owner, CELL)
    flavor = objects.Flavor(
        owner, id=1, flavorid="1", name="m1.tiny", memory_mb=512, vcpus=1, root_gb=1, ephemeral_gb=0, swap=0,
        rxtx_factor=1.0, vcpu_weight=0, disabled=False, is_public=True, extra_specs={}, description=None,
    )  # fmt: skip
    with context.target_cell(owner, cell) as targeted:
        objects.Instance(
            targeted,
            uuid=server["id"],
            project_id=project,
            user_id=user,
            display_name=server["name"],
            hostname=server["name"],
            image_ref="22222222-2222-4222-8222-222222222222",
            host=server.get("host", HOST),
            vm_state=server.get("vm_state", "active"),
            task_state=server.get("task_state"),
            power_state=1,
            flavor=flavor,
            memory_mb=512,
            vcpus=1,
            root_gb=1,
            ephemeral_gb=0,
            metadata={},
            system_metadata={},
            info_cache=objects.InstanceInfoCache(network_info=NetworkInfo()),
        ).create()
    objects.InstanceMapping(
        owner, instance_uuid=server["id"], cell_mapping=cell, project_id=project, user_id=user, queued_for_delete=False
    ).create()


def start_compute() -> None:
    """The compute manager with the fake hypervisor, listening for calls from the API."""
    from types import SimpleNamespace

    import oslo_messaging
    from nova import rpc
    from nova.compute import manager, rpcapi
    from nova.objects import base
    from nova.scheduler.client import report
    from oslo_messaging._drivers import impl_fake

    # There is no placement here to be asked for its version.
    report.SchedulerReportClient._create_client = lambda _: None
    # The in-process transport looks for messages every 50 ms, which would be most of what is measured.
    impl_fake.time = SimpleNamespace(time=time.time, sleep=lambda _: time.sleep(0.001))
    endpoint = manager.ComputeManager(host=HOST)
    endpoint.driver.init_host(HOST)
    target = oslo_messaging.Target(topic=rpcapi.RPC_TOPIC, server=HOST)
    rpc.get_server(target, [endpoint], base.NovaObjectSerializer()).start()


def main() -> None:
    settings = json.loads(Path(sys.argv.pop()).read_text())
    folder = Path(settings["folder"])
    configure(settings)

    from nova import monkey_patch

    monkey_patch.patch(backend="threading")

    import waitress
    from nova.api.openstack import wsgi_app

    wsgi_app.init_global_data(wsgi_app._get_config_files(), "osapi_compute", "nova-api-os-compute")
    if not (folder / "api.db").exists():
        create_databases(folder)
        add_host()
        for server in settings["servers"]:
            add_server(server)
    start_compute()
    application = wsgi_app.init_application("osapi_compute", "nova-api-os-compute")
    print(f"{threading.active_count()} threads, serving", flush=True)
    waitress.serve(application, host="127.0.0.1", port=settings["port"], threads=settings["threads"], _quiet=True)


if __name__ == "__main__":
    main()

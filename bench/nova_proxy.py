"""Nova's proxy for VNC consoles: the program that runs in Nova's own virtual environment (see `nova.py`).

All is Nova's own, as installed from PyPI, with the concurrency that it chooses by itself, but for one thing: there is
no message queue, so the compute host's answer whether a console is still on its port is given at once, and is yes.

`python nova_proxy.py prepare|serve SETTINGS`: a JSON file with `folder` (where the state goes), `port`, the keys that
`nova_service.py` wants, and `consoles` ({name: port}). `prepare` writes their tokens to `folder`/tokens.json.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

TOKENS_LIVE_SECONDS = 86_400

PROXY = """
[DEFAULT]
web =
[vnc]
novncproxy_host = 127.0.0.1
novncproxy_port = {port}
"""


def prepare(settings: dict[str, Any]) -> None:
    """Nova's databases, with one server and a token for each console."""
    sys.path.append(str(Path(__file__).parents[1]))  # last, since `nova` is Nova's
    from bench.nova_service import add_host, add_server, configure, create_databases

    folder = Path(settings["folder"])
    configure(settings)

    from nova import config, context, objects

    config.parse_args(["nova-novncproxy", "--config-file", str(folder / "nova.conf")])
    objects.register_all()
    create_databases(folder)
    add_host()
    (server,) = settings["servers"]
    add_server(server)
    tokens = {}
    for name, port in settings["consoles"].items():
        token = objects.ConsoleAuthToken(
            context=context.get_admin_context(),
            console_type="novnc",
            host="127.0.0.1",
            port=port,
            instance_uuid=server["id"],
            access_url_base="http://127.0.0.1/vnc_lite.html",
        )
        tokens[name] = token.authorize(TOKENS_LIVE_SECONDS)
    (folder / "tokens.json").write_text(json.dumps(tokens))


def serve(settings: dict[str, Any]) -> None:
    """`nova-novncproxy`, until it is ended."""
    folder = Path(settings["folder"])
    (folder / "proxy.conf").write_text(PROXY.format(**settings))
    files = [f"--config-file={folder / name}" for name in ("nova.conf", "proxy.conf")]
    sys.argv = ["nova-novncproxy", *files]
    os.environ.pop("OS_NOVA_DISABLE_EVENTLET_PATCHING", None)

    from nova.cmd import novncproxy  # first of all: it replaces what others import
    from nova.compute import rpcapi

    rpcapi.ComputeAPI.validate_console_port = lambda *_: True
    novncproxy.main()


if __name__ == "__main__":
    task, file = sys.argv[1:]
    {"prepare": prepare, "serve": serve}[task](json.loads(Path(file).read_text()))

"""`keyhole demo`: a real guest (or the simulated one), the service for it, and how to open its console."""

import asyncio
import glob
import json
import os
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
import uvloop

from keyhole import __version__, config
from keyhole.cli.signals import run_until_signal
from keyhole.demo import GuestUnavailable
from keyhole.demo.apt import ensure_packages
from keyhole.demo.guest_image import build_image
from keyhole.demo.qemu_guest import QEMU_PACKAGES, DemoGuest
from keyhole.identity.embedded.names import project_id_of, user_id_of
from keyhole.model import ConsoleType, Identity, Role
from keyhole.net.bind import bind_tcp
from keyhole.runtime.assemble import Service
from keyhole.runtime.build import running
from keyhole.telemetry.logs import make_logger
from keyhole.telemetry.telemetry import Telemetry

GUEST_NAME = "keyhole-demo"
GUEST_ID = "5e1f0de0-0000-4000-8000-000000000001"
USER = "demo"
PROJECT = "demo"
ROLES = (Role.MEMBER, Role.READER)


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The options of the command line."""

    port: int
    host: str
    state_folder: Path | None
    simulated: bool
    ready_file: Path | None

    @property
    def folder(self) -> Path:
        """Where the guest's image and the store are kept."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return (self.state_folder or cache / "keyhole" / "demo").absolute()


def demo(options: DemoOptions) -> None:
    """Runs the demo until SIGINT or SIGTERM. Raises SettingsError when it cannot start."""
    uvloop.run(run_until_signal(_demo(options)))


async def _demo(options: DemoOptions) -> None:
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.ready_file is not None:
        options.ready_file.unlink(missing_ok=True)  # an earlier demo's file would say "ready" too soon
    password = secrets.token_urlsafe(9)
    async with AsyncExitStack() as stack:
        guest = None if options.simulated else await _real_guest(stack, options.folder)
        if guest is None:
            typer.echo("Serving the simulated guest: a screen and a serial port made by Keyhole itself.")
        settings = config.make(_settings(options, password, guest), source="demo")
        listener = stack.enter_context(bind_tcp(options.host, options.port))
        telemetry = Telemetry(make_logger())
        service = await stack.enter_async_context(running(settings, telemetry))
        await service.accept([listener])
        telemetry.service_started(service.url, listen=settings.server.listen, version=__version__)
        stack.callback(telemetry.service_stopped)
        if guest is not None:
            await guest.until_ready()
        console_url = await _console_url(service)
        await _print_summary(options, service, password, console_url, guest)
        if guest is not None:
            await guest.wait()
            typer.echo("The guest has been switched off. Ctrl-C ends the demo.")
        await asyncio.Event().wait()


async def _real_guest(stack: AsyncExitStack, folder: Path) -> DemoGuest | None:
    """The booting guest; None if there can be none, after printing the reason."""
    try:
        await asyncio.to_thread(ensure_packages, QEMU_PACKAGES, _print_step)
        image = await asyncio.to_thread(build_image, folder, _print_step)
        return await stack.enter_async_context(
            DemoGuest(image, name=GUEST_NAME, server_id=GUEST_ID, progress=_print_step)
        )
    except GuestUnavailable as failure:
        typer.echo(f"No real guest: {failure}")
        return None


def _print_step(what: str) -> None:
    typer.echo(what)


def _settings(options: DemoOptions, password: str, guest: DemoGuest | None) -> dict[str, Any]:
    driver: dict[str, Any]
    if guest is None:
        driver = {"simulated": {"servers": [{"id": GUEST_ID, "name": GUEST_NAME, "project": PROJECT}]}}
    else:
        driver = {"qemu": {"sockets": glob.escape(str(guest.qmp_path)), "project": PROJECT}}
    host = f"[{options.host}]" if ":" in options.host else options.host
    return {
        "server": {"listen": f"{host}:{options.port}"},
        "store": {"url": f"sqlite:///{options.folder / 'keyhole.db'}"},
        "console": {"allowed_origins": [f"http://localhost:{options.port}"]},
        "identity": {
            "allow_plain_passwords": True,
            "users": [{"name": USER, "password": password, "project": PROJECT, "roles": list(ROLES)}],
        },
        "drivers": driver,
    }


async def _console_url(service: Service) -> str:
    identity = Identity(user_id_of(USER), USER, project_id_of(PROJECT), PROJECT, frozenset(ROLES))
    return (await service.consoles.create(identity, GUEST_ID, ConsoleType.NOVNC)).url


async def _print_summary(
    options: DemoOptions, service: Service, password: str, console_url: str, guest: DemoGuest | None
) -> None:
    url = service.url
    typer.echo(
        f"""
Open the console (this link opens once):
  {console_url}
Dashboard:
  {url}/
For an OpenStack client, in another terminal:
  export OS_AUTH_URL={url}/identity/v3
  export OS_IDENTITY_API_VERSION=3
  export OS_USERNAME={USER}
  export OS_PASSWORD={password}
  export OS_PROJECT_NAME={PROJECT}
  export OS_USER_DOMAIN_NAME=Default
  export OS_PROJECT_DOMAIN_NAME=Default
  export OS_REGION_NAME=RegionOne
  openstack console url show --novnc {GUEST_NAME}
Ctrl-C ends all of it.
"""
    )
    if options.ready_file is not None:
        facts = {
            "url": url,
            "console_url": console_url,
            "identity_url": f"{url}/identity/v3",
            "compute_url": f"{url}/compute/v2.1",
            "username": USER,
            "password": password,
            "project": PROJECT,
            "servers": [{"id": GUEST_ID, "name": GUEST_NAME}],
            "pids": [os.getpid(), *([] if guest is None else [guest.pid])],
        }
        await asyncio.to_thread(_write_privately, options.ready_file, json.dumps(facts, indent=2) + "\n")


def _write_privately(path: Path, text: str) -> None:
    """Writes a file that contains a password, completely or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    part.replace(path)

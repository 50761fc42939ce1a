"""What one QEMU reports about its guest over QMP: its identity, its state, and where its consoles are.

QEMU may have been taken over by its guest, so its answers are not trusted more than necessary. Types are checked, texts
are printable, and a socket only counts if it belongs to the user that QEMU runs as: otherwise a guest could name
another program's socket, or another machine's port, as its console and make us open it with our rights.

Source: QEMU 7.2, qapi/*.json and the answers of that version.
"""

import asyncio
import ipaddress
import re
import stat
import uuid
from dataclasses import dataclass
from pathlib import Path

from keyhole.drivers.qemu.qmp_session import CommandFailed, QmpSession
from keyhole.drivers.qemu.tcp_listeners import listener_problem
from keyhole.errors import KeyholeError, ProtocolError
from keyhole.model import Address, ServerStatus, TcpAddress, UnixAddress
from keyhole.net.addresses import parse_target_url
from keyhole.net.unix_sockets import Peer
from keyhole.protocols.text import sanitize

MAX_NAME_CHARACTERS = 255

MIGRATING = "migrating"
"""The task state of a guest that is migrating to or from another QEMU."""

# qapi/run-state.json, RunState. A guest that is stopped and can continue counts as paused.
_STATUS = {
    "running": ServerStatus.ACTIVE,
    "prelaunch": ServerStatus.BUILD,
    "paused": ServerStatus.PAUSED,
    "debug": ServerStatus.PAUSED,
    "save-vm": ServerStatus.PAUSED,
    "restore-vm": ServerStatus.PAUSED,
    "suspended": ServerStatus.SUSPENDED,
    "shutdown": ServerStatus.SHUTOFF,
    "inmigrate": ServerStatus.MIGRATING,
    "finish-migrate": ServerStatus.MIGRATING,
    "postmigrate": ServerStatus.MIGRATING,
    "colo": ServerStatus.MIGRATING,
    "internal-error": ServerStatus.ERROR,
    "io-error": ServerStatus.ERROR,
    "guest-panicked": ServerStatus.ERROR,
    "watchdog": ServerStatus.ERROR,
}

# Where QEMU keeps its devices, and which of them are a guest's first serial console; the earlier is preferred.
_DEVICE_FOLDERS = ("/machine/unattached", "/machine/peripheral", "/machine/peripheral-anon")
_SERIAL_DEVICES = tuple(
    f"child<{device}>"
    for device in ("isa-serial", "pl011", "spapr-vty", "sclpconsole", "serial-mm", "pci-serial", "virtconsole")
)

# qapi/ui.json, VncPrimaryAuth: those that can be answered, the simplest first.
_VNC_AUTHENTICATION = ("none", "vnc", "vencrypt")

# chardev/char-socket.c: how a listening socket is described; the peer of a connection may follow.
_SOCKET = re.compile(r"(?:disconnected:)?(?P<kind>unix|tcp):(?P<place>.+?),server(?:=on)?(?: <-> .*)?", re.DOTALL)


class UnusableGuest(KeyholeError):
    """A guest that cannot be offered; the message says what is required."""


@dataclass(frozen=True, slots=True)
class VncServer:
    """Where one of QEMU's VNC servers listens, and whether it asks for a password."""

    address: Address
    wants_password: bool


@dataclass(frozen=True, slots=True)
class Guest:
    """One guest. `serial` is its serial port's socket, `serial_label` the name of the chardev behind that port.

    `remarks` are sentences for the operator about consoles that exist but are not offered.
    """

    id: str
    name: str
    status: ServerStatus
    memory_mb: int
    vcpus: int
    vnc: VncServer | None
    serial: Address | None
    serial_label: str | None
    peer: Peer
    remarks: tuple[str, ...] = ()

    @property
    def task_state(self) -> str | None:
        return MIGRATING if self.status is ServerStatus.MIGRATING else None


async def ask_guest(
    qmp: QmpSession, default_name: str, *, encrypted: bool = False, user_ids: frozenset[int] | None = None
) -> Guest:
    """Queries everything that is needed; `encrypted` prefers a VNC server with VeNCrypt.

    `user_ids` are the users that may listen on a console's TCP port (None: the one that QEMU runs as).
    Raises UnusableGuest, CommandFailed, ProtocolError, OSError.
    """
    guest_id = _guest_id(await qmp.execute("query-uuid"))
    vnc = _vnc_server(await _optional(qmp, "query-vnc-servers"), encrypted=encrypted)
    label = await _serial_label(qmp)
    serial = chardev_address(await qmp.execute("query-chardev"), label) if label is not None else None
    listening_ids = user_ids if user_ids is not None else frozenset({qmp.peer.user_id})
    remarks: list[str] = []
    if vnc is not None and (problem := await _problem_of(vnc.address, qmp.peer, listening_ids)):
        remarks.append(f"the VNC socket {vnc.address} {problem}")
        vnc = None
    if serial is not None and (problem := await _problem_of(serial, qmp.peer, listening_ids)):
        remarks.append(f"the serial socket {serial} {problem}")
        serial = None
    return Guest(
        id=guest_id,
        name=_name(await qmp.execute("query-name")) or default_name,
        status=_status(await qmp.execute("query-status")),
        memory_mb=_memory_mb(await _optional(qmp, "query-memory-size-summary")),
        vcpus=_count(await _optional(qmp, "query-cpus-fast")),
        vnc=vnc,
        serial=serial,
        serial_label=label,
        peer=qmp.peer,
        remarks=tuple(remarks),
    )


def chardev_address(answer: object, label: str) -> Address | None:
    """From query-chardev: where the chardev with that label listens; None if it is not a socket that can be dialled.

    QEMU describes it as text: "unix:PATH,server=on" or "tcp:HOST:PORT,server=on <-> PEER" while somebody is connected,
    with "disconnected:" in front while nobody is. Telnet, TLS and WebSocket chardevs have a different first word.
    """
    for entry in answer if isinstance(answer, list) else ():
        match entry:
            case {"label": str(found), "filename": str(words)} if found == label:
                parsed = _SOCKET.fullmatch(words)
                if parsed is None:
                    return None
                if parsed["kind"] == "unix":
                    return _unix_address(parsed["place"])
                host, _, port = parsed["place"].rpartition(":")
                return _tcp_address(host.strip("[]"), port)
    return None


def _guest_id(answer: object) -> str:
    match answer:
        case {"UUID": str(text)}:
            try:
                found = uuid.UUID(text)
            except ValueError as error:
                raise ProtocolError("QEMU's UUID is invalid.") from error
            if found.int == 0:
                raise UnusableGuest("the guest has no identity; start QEMU with -uuid")
            return str(found)
    raise ProtocolError("QEMU's answer to query-uuid contains no UUID.")


def _name(answer: object) -> str:
    match answer:
        case {"name": str(text)}:
            return sanitize(text.encode("utf-8", "replace"), MAX_NAME_CHARACTERS)
    return ""


def _status(answer: object) -> ServerStatus:
    match answer:
        case {"status": str(text)}:
            return _STATUS.get(text, ServerStatus.UNKNOWN)
    raise ProtocolError("QEMU's answer to query-status contains no status.")


def _memory_mb(answer: object) -> int:
    match answer:
        case {"base-memory": int(size_bytes)} if 0 <= size_bytes < 1 << 62:
            return size_bytes >> 20
    return 0


def _count(answer: object) -> int:
    return len(answer) if isinstance(answer, list) else 0


def _vnc_server(answer: object, *, encrypted: bool) -> VncServer | None:
    """The one that is easiest to use, a unix socket before a port; the same one for the same answer.

    `encrypted` puts those with VeNCrypt first. If there are none, the remark is that the others do not offer it.
    """
    offers: list[tuple[bool, int, bool, str, VncServer]] = []
    for display in answer if isinstance(answer, list) else ():
        listeners = display.get("server") if isinstance(display, dict) else None
        for listener in listeners if isinstance(listeners, list) else ():
            match listener:
                case {"auth": str(auth), "family": str(family), "host": str(host), "service": str(service)} if (
                    auth in _VNC_AUTHENTICATION and listener.get("websocket") is not True
                ):
                    address = _unix_address(service) if family == "unix" else _tcp_address(host, service)
                    if address is not None:
                        offer = VncServer(address, wants_password=auth != "none")
                        in_the_clear = encrypted and auth != "vencrypt"
                        ease = _VNC_AUTHENTICATION.index(auth)
                        offers.append((in_the_clear, ease, family != "unix", str(address), offer))
    return min(offers)[-1] if offers else None


async def _serial_label(qmp: QmpSession) -> str | None:
    """The label of the chardev behind the first serial port; None when the guest has none."""
    ports: list[tuple[int, int, list[int], str]] = []
    for place, folder in enumerate(_DEVICE_FOLDERS):
        children = await _optional(qmp, "qom-list", path=folder)
        for child in children if isinstance(children, list) else ():
            match child:
                case {"name": str(name), "type": str(kind)} if kind in _SERIAL_DEVICES:
                    numbers = [int(digits) for digits in re.findall(r"[0-9]{1,9}", name)]
                    ports.append((_SERIAL_DEVICES.index(kind), place, numbers, f"{folder}/{name}"))
    if not ports:
        return None
    label = await _optional(qmp, "qom-get", path=min(ports)[-1], property="chardev")
    return label if isinstance(label, str) and label else None


async def _optional(qmp: QmpSession, command: str, **arguments: object) -> object:
    """A command's answer, None when this QEMU does not know the command or the object."""
    try:
        return await qmp.execute(command, **arguments)
    except CommandFailed:
        return None


def _unix_address(path: str) -> UnixAddress | None:
    """None for a path that is relative (to an unknown folder), too long or otherwise not a socket's."""
    try:
        address = parse_target_url(f"unix:{path}")
    except ValueError:
        return None
    return address if isinstance(address, UnixAddress) else None


def _tcp_address(host: str, port: str) -> TcpAddress | None:
    """None if these are not an address and a port in digits. A server on all addresses is reached by loopback."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,4}", port) or int(port) > 65535:
        return None
    if address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"
    return TcpAddress(host, int(port))


async def _problem_of(address: Address, peer: Peer, user_ids: frozenset[int]) -> str | None:
    """Why a socket is not accepted as this QEMU's, as the end of a sentence."""
    if isinstance(address, TcpAddress):
        return await asyncio.to_thread(listener_problem, address, user_ids)
    return None if _belongs_to(address, peer) else "does not belong to QEMU's user"


def _belongs_to(address: UnixAddress, peer: Peer) -> bool:
    """The socket was created by the user that QEMU runs as."""
    try:
        facts = Path(address.path).lstat()
    except OSError:
        return False
    return stat.S_ISSOCK(facts.st_mode) and facts.st_uid == peer.user_id

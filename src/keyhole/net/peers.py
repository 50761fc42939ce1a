"""The address of a socket's peer, and its name for the log."""

import asyncio


def peer_address(transport: asyncio.BaseTransport) -> str:
    """The peer's address, empty on a unix socket."""
    return address_of(transport.get_extra_info("peername"))


def peer_name(transport: asyncio.BaseTransport) -> str:
    """The peer's address for the log."""
    return name_of(transport.get_extra_info("peername"))


def address_of(peer: object) -> str:
    """The address in a socket's peer name, empty on a unix socket."""
    return str(peer[0]) if isinstance(peer, tuple) else ""


def name_of(peer: object) -> str:
    """A socket's peer name, for the log."""
    return f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else "unix"

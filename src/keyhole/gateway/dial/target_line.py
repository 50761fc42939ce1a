"""The line to a console: opened by its driver, dialled and taken through its handshake, under one deadline."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from keyhole.errors import ConsoleUnavailable, ServerNotFound, TargetFailed
from keyhole.gateway.connection import Connection
from keyhole.gateway.dial.dial import dial, is_encrypted
from keyhole.gateway.dial.leases import Lease, Leases
from keyhole.gateway.handshake.rfb import join_target, open_tunnel
from keyhole.model import Protocol, Target
from keyhole.net.tls_client import ClientContexts
from keyhole.ports.openings import Opening
from keyhole.protocols.rfb.handshake.target import ServerInit
from keyhole.reasons import Reason
from keyhole.telemetry.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class TargetLine:
    """A line that is ready for its viewer, with its screen (None if it has none) and the bytes that followed already.

    The owner ends it by `abort`, or by closing its transport and then releasing the lease.
    """

    connection: Connection
    target: Target
    screen: ServerInit | None
    first: bytes
    lease: Lease
    leases: Leases

    @property
    def encrypted(self) -> bool | None:
        """Whether network traffic is encrypted; None if no unencrypted traffic leaves this machine."""
        return is_encrypted(self.connection.transport, self.target.route)

    def abort(self) -> None:
        """Closes the line at once."""
        self.connection.transport.abort()
        self.leases.release(self.lease)


@dataclass(frozen=True, slots=True)
class TargetDialler:
    """Opens lines. `clock` is the loop's monotonic one."""

    telemetry: Telemetry
    leases: Leases
    tls: ClientContexts
    clock: Callable[[], float]

    async def open(self, opening: Opening, seconds: float) -> TargetLine:
        """A line for an opening. Raises the driver's Refusals, TargetFailed, ProtocolError, SecurityRefused,
        SessionEnded, Unavailable, after closing everything that it opened."""
        lease = Lease(opening.driver.name)
        line: Connection | None = None
        try:
            async with asyncio.timeout(seconds):
                target = await _entered(opening, lease)
                started_at = self.clock()
                line = await dial(target.route)
                await open_tunnel(line, target)
                connected_at = self.clock()
                self.telemetry.target_connected(connected_at - started_at)
                if target.protocol is not Protocol.VNC:
                    return TargetLine(line, target, None, b"", lease, self.leases)
                screen, following = await join_target(line, target, self.tls)
                self.telemetry.target_joined(self.clock() - connected_at)
                return TargetLine(line, target, screen, following, lease, self.leases)
        except TimeoutError as error:
            self._drop(line, lease)
            if line is not None and line.has_received:
                raise TargetFailed(
                    Reason.TARGET_PROTOCOL_ERROR, f"its handshake did not finish within {seconds:g} seconds"
                ) from error
            raise TargetFailed(Reason.TARGET_UNREACHABLE, f"no answer within {seconds:g} seconds") from error
        except BaseException:
            self._drop(line, lease)
            raise

    def _drop(self, line: Connection | None, lease: Lease) -> None:
        if line is not None:
            line.transport.abort()
        self.leases.release(lease)


async def _entered(opening: Opening, lease: Lease) -> Target:
    try:
        return await lease.enter(opening.open())
    except (ServerNotFound, ConsoleUnavailable) as failure:
        raise TargetFailed(Reason.TARGET_UNREACHABLE, "the server is not available at the moment") from failure
    except OSError as error:
        raise TargetFailed(Reason.TARGET_UNREACHABLE, "the hypervisor cannot be reached") from error

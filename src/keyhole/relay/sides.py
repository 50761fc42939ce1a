"""The two sides of a session: the protocols by which its transports tell the relay what happens."""

import asyncio
from typing import TYPE_CHECKING

from keyhole.reasons import Reason
from keyhole.relay.read_buffer import ReadBuffer

if TYPE_CHECKING:
    from keyhole.relay.relay import Relay

CALM_READS = 16
"""So many small reads in a row and a flood is over."""


class _FromTarget(asyncio.BaseProtocol):
    """What a target's transport tells, but for its bytes."""

    __slots__ = ("_relay",)

    def __init__(self, relay: "Relay") -> None:
        self._relay = relay

    def eof_received(self) -> None:
        self._relay.target_finished()

    def connection_lost(self, exc: Exception | None) -> None:
        self._relay.target_finished(lost=isinstance(exc, TimeoutError))

    def pause_writing(self) -> None:
        self._relay.pause_viewer()

    def resume_writing(self) -> None:
        self._relay.resume_viewer()


class TargetSide(_FromTarget, asyncio.Protocol):
    """Hands the target's bytes over as they come."""

    __slots__ = ("data_received",)

    def __init__(self, relay: "Relay") -> None:
        super().__init__(relay)
        self.data_received = relay.from_target  # type: ignore[method-assign]


class TargetInBulk(_FromTarget, asyncio.BufferedProtocol):
    """Has the target's bytes read into a buffer, until its flood is over."""

    __slots__ = ("_small_reads", "get_buffer")

    def __init__(self, relay: "Relay", buffer: ReadBuffer) -> None:
        super().__init__(relay)
        self.get_buffer = buffer.get_buffer  # type: ignore[method-assign]
        self._small_reads = 0

    def buffer_updated(self, nbytes: int) -> None:
        if self._relay.from_target_in_bulk(nbytes):
            self._small_reads = 0
            return
        self._small_reads += 1
        if self._small_reads == CALM_READS:
            self._relay.read_target(in_bulk=False)


class ViewerSide(asyncio.Protocol):
    """What a viewer's transport tells."""

    __slots__ = ("_relay", "data_received")

    def __init__(self, relay: "Relay") -> None:
        self._relay = relay
        self.data_received = relay.from_viewer_frames  # type: ignore[method-assign]

    def eof_received(self) -> bool:
        return self._relay.viewer_finished()

    def connection_lost(self, exc: Exception | None) -> None:
        self._relay.end(Reason.VIEWER_LOST if isinstance(exc, TimeoutError) else Reason.VIEWER_CLOSED)

    def pause_writing(self) -> None:
        self._relay.pause_target()

    def resume_writing(self) -> None:
        self._relay.resume_target()

"""The VNC server of a simulated guest."""

from functools import partial

from keyhole.drivers.simulated.display import Display
from keyhole.drivers.simulated.listener import Connection, Listener
from keyhole.drivers.simulated.misbehaviour import Misbehaviour, misbehaving
from keyhole.drivers.simulated.password_handshake import PasswordHandshake
from keyhole.drivers.simulated.viewer_connection import ViewerConnection
from keyhole.protocols.rfb.handshake.viewer import ViewerHandshake


class RfbServer(Listener):
    """Shows one display to any number of viewers. `password` is required from each; `misbehave` makes it violate the
    protocol.
    """

    def __init__(self, name: str, *, password: str | None = None, misbehave: Misbehaviour | None = None) -> None:
        super().__init__(self._connect)
        self.display = Display(name)
        self._handshake = ViewerHandshake if password is None else partial(PasswordHandshake, password)
        self._misbehave = misbehave

    def _connect(self, accepted: set[Connection]) -> Connection:
        if self._misbehave is not None:
            return misbehaving(self._misbehave, accepted, self.display, self._handshake())
        return ViewerConnection(accepted, self.display, self._handshake())

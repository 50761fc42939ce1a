"""One viewer of the simulated guest's screen: the server's side of RFB (RFC 6143) on a transport.

An update is only sent if the viewer requested one, something changed, and the transport has room. Changes in the
meantime are sent once, in their latest state; so a viewer that does not read costs one update of memory.
"""

import asyncio
from collections.abc import Iterator
from typing import assert_never

from keyhole.drivers.simulated.display import Display
from keyhole.drivers.simulated.font import CELL_HEIGHT
from keyhole.drivers.simulated.keyboard import Keyboard
from keyhole.drivers.simulated.listener import Connection
from keyhole.drivers.simulated.painter import Painter
from keyhole.errors import ProtocolError
from keyhole.protocols.rfb.constants import Encoding
from keyhole.protocols.rfb.handshake.viewer import ViewerHandshake
from keyhole.protocols.rfb.messages.client_reader import (
    ClientEvent,
    ClientMessageReader,
    CutText,
    KeyEvent,
    Other,
    PointerEvent,
    SetEncodings,
    SetPixelFormat,
    UpdateRequest,
)
from keyhole.protocols.rfb.messages.server_messages import (
    bell,
    desktop_size_rectangle,
    framebuffer_update,
    raw_rectangle,
    server_init,
)
from keyhole.protocols.rfb.pixel_format import PixelFormat

NOTHING_SHOWN = -1


class ViewerConnection(Connection):
    """Runs `handshake` with a viewer, then shows it the display and passes on what it types."""

    def __init__(self, accepted: set[Connection], display: Display, handshake: ViewerHandshake) -> None:
        super().__init__(accepted)
        self._display = display
        self._handshake = handshake
        self._reader = ClientMessageReader()
        self._keyboard = Keyboard()
        self._painter = Painter(PixelFormat())
        self._width, self._height = display.screen.width, display.screen.height
        self._resizable = False
        self._shown: list[int] = []  # the revision of each row that the viewer has
        self._wanted: range | None = None  # the rows that the viewer requested
        self._must_answer = False
        self._colour_map: bytes | None = None  # still to be sent
        self._bells = 0
        self._update_is_due = False
        self._is_ready = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._send_handshake()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if self._is_ready:
            self._display.screen.unwatch(self._changed)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._changed()

    def data_received(self, data: bytes) -> None:
        try:
            if not self._is_ready:
                data = self._continue_handshake(data)
            if self._is_ready:
                self._reader.receive_data(data)
                for event in self._reader.events():
                    self._handle(event)
        except ProtocolError:
            self._send_handshake()
            self.transport.close()

    def _continue_handshake(self, data: bytes) -> bytes:
        """Continues the handshake; returns what follows it."""
        self._handshake.receive_data(data)
        if self._handshake.events():
            screen = self._display.screen
            self._take_size(screen.width, screen.height)
            self._handshake.send_server_init(server_init(screen.width, screen.height, name=self._display.name))
        self._send_handshake()
        if self._handshake.done:
            self._is_ready = True
            self._bells = self._display.screen.bells
            self._display.screen.watch(self._changed)
            self._on_ready()
        return self._handshake.trailing_data()

    def _on_ready(self) -> None:
        """The viewer is ready. For the misbehaving servers."""

    def _send_handshake(self) -> None:
        for message in self._handshake.data_to_send():
            self._send(message)

    def _send(self, message: bytes) -> None:
        self.transport.write(message)

    def _handle(self, event: ClientEvent) -> None:
        match event:
            case UpdateRequest():
                self._ask(event)
            case KeyEvent(down, keysym):
                character = self._keyboard.press(keysym, down=down)
                if character is not None:
                    self._display.type(character)
            case PointerEvent(buttons, x, y):
                self._display.point(buttons, x, y)
            case SetPixelFormat(pixel_format):
                self._painter = Painter(pixel_format)
                self._colour_map = self._painter.colour_map()
                self._shown = [NOTHING_SHOWN] * len(self._shown)
            case SetEncodings(encodings):
                self._resizable = Encoding.DESKTOP_SIZE in encodings
            case CutText() | Other():
                pass
            case _:
                assert_never(event)

    def _ask(self, request: UpdateRequest) -> None:
        first = request.y // CELL_HEIGHT
        end = min(-(-(request.y + request.height) // CELL_HEIGHT), len(self._shown))
        if not request.incremental:
            self._shown[first:end] = [NOTHING_SHOWN] * max(0, end - first)
            self._must_answer = True
        before = self._wanted or range(first, end)
        self._wanted = range(min(before.start, first), max(before.stop, end))
        self._changed()

    def _changed(self) -> None:
        """Schedules an update for the viewer; one for everything that happens until then."""
        if not self._update_is_due:
            self._update_is_due = True
            asyncio.get_running_loop().call_soon(self._update)

    def _update(self) -> None:
        self._update_is_due = False
        if not self.has_room or self.transport.is_closing():
            return
        if self._bells != self._display.screen.bells:
            self._bells = self._display.screen.bells
            self._send(bell())
        if self._wanted is None:
            return
        rectangles = list(self._rectangles(self._wanted))
        if rectangles or self._must_answer:
            self._wanted, self._must_answer = None, False
            if self._colour_map is not None:
                self._send(self._colour_map)
                self._colour_map = None
            self._send(framebuffer_update(rectangles))

    def _rectangles(self, wanted: range) -> Iterator[bytes]:
        """The changes in these rows, adjacent ones together; or only the new size, after which everything is new."""
        screen = self._display.screen
        if self._resizable and (self._width, self._height) != (screen.width, screen.height):
            self._take_size(screen.width, screen.height)
            yield desktop_size_rectangle(screen.width, screen.height)
            return
        first: int | None = None
        for row in range(wanted.start, wanted.stop + 1):
            is_new = row < wanted.stop and screen.revision(row) > self._shown[row]
            if is_new and first is None:
                first = row
            elif not is_new and first is not None:
                yield self._rectangle(first, row)
                first = None

    def _rectangle(self, first: int, end: int) -> bytes:
        """The rows of text from `first` up to `end`, as wide as the viewer's screen."""
        screen = self._display.screen
        pixels = bytearray()
        for row in range(first, end):
            height = min(CELL_HEIGHT, self._height - row * CELL_HEIGHT)
            pixels += self._painter.row(screen, row, self._width, height)
            self._shown[row] = screen.revision(row)
        top = first * CELL_HEIGHT
        return raw_rectangle(0, top, self._width, min(end * CELL_HEIGHT, self._height) - top, bytes(pixels))

    def _take_size(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._shown = [NOTHING_SHOWN] * -(-height // CELL_HEIGHT)
        self._wanted = None

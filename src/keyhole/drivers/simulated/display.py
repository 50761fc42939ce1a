"""What the viewers of a simulated guest share: one screen with one shell, and one pointer."""

import re

from keyhole.drivers.simulated.line_editor import LineEditor
from keyhole.drivers.simulated.screen import TextScreen
from keyhole.drivers.simulated.shell import PROMPT, Shell

GREETING = (
    "Keyhole's simulated guest: a real VNC server and a small shell, but no machine.\n"
    "Try:  help   calc 6*7   echo x$((6*7))   lines 40   resize 800 600   clear\n\n"
)


class Display:
    """`name` is what viewers show as the desktop's name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.screen = TextScreen()
        self._pointer = (0, 0, 0)
        shell = Shell(
            {
                "resize": (self._resize, "changes the size of the screen: resize 800 600"),
                "mouse": (self._mouse, "the pointer's last position, and the buttons that were down"),
            }
        )
        self._editor = LineEditor(self.screen.write, shell.run, PROMPT)
        self._editor.start(GREETING)

    def type(self, character: str) -> None:
        """Handles a character from a viewer's keyboard."""
        self._editor.type(character)

    def point(self, buttons: int, x: int, y: int) -> None:
        """Remembers where a viewer's pointer is, in pixels."""
        self._pointer = (buttons, x, y)

    def _mouse(self, rest: str) -> str:
        buttons, x, y = self._pointer
        return f"at {x},{y} buttons {buttons:08b}\n"

    def _resize(self, rest: str) -> str:
        size = re.fullmatch(r"([0-9]{1,5})[x ]+([0-9]{1,5})", rest)
        if size is None:
            raise ValueError("write the width and height in pixels: resize 800 600")
        self.screen.resize(int(size[1]), int(size[2]))
        return f"{self.screen.columns} columns, {self.screen.rows} rows\n"

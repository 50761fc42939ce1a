"""Reading lines that a person types."""

from keyhole.drivers.simulated.line_editor import MAX_LINE_CHARACTERS, LineEditor


class Session:
    """An editor, what it showed, and the lines that it read."""

    def __init__(self) -> None:
        self.shown = ""
        self.ran: list[str] = []
        self.editor = LineEditor(self._write, self._run, "> ")

    def type(self, text: str) -> None:
        for character in text:
            self.editor.type(character)

    def _write(self, text: str) -> None:
        self.shown += text

    def _run(self, line: str) -> str:
        self.ran.append(line)
        return f"<{line}>\n"


def test_a_line_is_echoed_run_and_answered() -> None:
    session = Session()
    session.editor.start("hello\n")
    session.type("ab\n")
    assert session.shown == "hello\n> ab\n<ab>\n> "
    assert session.ran == ["ab"]


def test_backspace_rubs_out_what_was_typed_and_no_more() -> None:
    session = Session()
    session.type("ab\b\b\bc\n")
    assert session.shown == "ab\b \b\b \bc\n<c>\n> "


def test_control_keys_drop_or_show_the_line_again() -> None:
    session = Session()
    session.type("ab\x15")
    assert session.shown == "ab\b \b\b \b"
    session.type("cd\f")
    assert session.shown.endswith("\f> cd")
    session.type("\x03")
    assert session.shown.endswith("^C\n> ")
    session.type("\n")
    assert session.ran == [""]


def test_other_control_characters_and_too_long_lines_are_ignored() -> None:
    session = Session()
    session.type("\x00\x1b" + "x" * (MAX_LINE_CHARACTERS + 10) + "\n")
    assert session.ran == ["x" * MAX_LINE_CHARACTERS]


def test_the_prompt_can_change_while_a_line_runs() -> None:
    shown: list[str] = []

    def run(line: str) -> str:
        editor.prompt = "# "
        return ""

    editor = LineEditor(shown.append, run, "> ")
    editor.type("\n")
    assert shown == ["\n# "]
    editor.type("x")
    assert editor.current == "# x"

import pytest

from keyhole.cli.output import lines_as_shown, one_line, show_columns, show_json


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("  two\n lines\t", "two lines"),
        ("\x1b[31mred\x07", "?[31mred?"),
        ("\u202egnp.exe", "?gnp.exe"),
        ("lone \ud800", "lone ?"),
        ("Größe", "Größe"),
        ("x" * 2000, "x" * 1024),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_lines_keep_line_feeds_and_tabs_alone_of_all_controls() -> None:
    controls = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
    assert lines_as_shown(f"a{controls}b") == "a\t\nb"
    assert lines_as_shown("é\u2028\u202e\ufeff\ud800z") == "éz"


def test_columns_are_as_wide_as_what_they_show(capsys: pytest.CaptureFixture[str]) -> None:
    show_columns(("A", "B"), [("日本", "1"), ("x", "long value"), ("two\nlines", "")])
    assert capsys.readouterr().out.splitlines() == [
        "A          B",
        "日本       1",
        "x          long value",
        "two?lines",
    ]


def test_json_is_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"name": "\x1b\x7f\x9bé"})
    assert capsys.readouterr().out == '{\n  "name": "\\u001b\\u007f\\u009b\\u00e9"\n}\n'

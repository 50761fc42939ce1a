"""Key events as characters."""

import pytest

from keyhole.drivers.simulated.keyboard import Keyboard

CONTROL_LEFT, CONTROL_RIGHT = 0xFFE3, 0xFFE4


@pytest.mark.parametrize(
    ("keysym", "character"),
    [
        (ord("a"), "a"),
        (ord("A"), "A"),
        (ord("~"), "~"),
        (0xFF0D, "\n"),
        (0xFF8D, "\n"),
        (0xFF08, "\b"),
        (0xFFB0, "0"),
        (0xFFB9, "9"),
        (0xFFAA, "*"),
        (0xFFE1, None),
        (0xFF1B, None),
        (0xE9, None),
        (0xFFFFFFFF, None),
        (0, None),
    ],
)
def test_a_key_means_its_character_when_it_goes_down(keysym: int, character: str | None) -> None:
    keyboard = Keyboard()
    assert keyboard.press(keysym, down=True) == character
    assert keyboard.press(keysym, down=False) is None


def test_control_makes_control_characters_of_three_letters_and_nothing_of_the_others() -> None:
    keyboard = Keyboard()
    keyboard.press(CONTROL_LEFT, down=True)
    pressed = [keyboard.press(ord(letter), down=True) for letter in "cClLuUab"]
    assert pressed == ["\x03", "\x03", "\f", "\f", "\x15", "\x15", None, None]


def test_control_ends_when_both_are_up() -> None:
    keyboard = Keyboard()
    keyboard.press(CONTROL_LEFT, down=True)
    keyboard.press(CONTROL_RIGHT, down=True)
    keyboard.press(CONTROL_LEFT, down=False)
    assert keyboard.press(ord("c"), down=True) == "\x03"
    keyboard.press(CONTROL_RIGHT, down=False)
    assert keyboard.press(ord("c"), down=True) == "c"

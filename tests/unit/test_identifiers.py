"""Random identifiers."""

import uuid

from keyhole.identifiers import random_uuid


def test_a_random_uuid_is_one_of_version_4_in_its_usual_form() -> None:
    for text in (random_uuid() for _ in range(1000)):
        made = uuid.UUID(text)
        assert (str(made), made.version, made.variant) == (text, 4, uuid.RFC_4122)


def test_each_digit_that_may_differ_does() -> None:
    seen = [set(digits) for digits in zip(*(random_uuid() for _ in range(1000)), strict=True)]
    fixed = {8: {"-"}, 13: {"-"}, 14: {"4"}, 18: {"-"}, 19: set("89ab"), 23: {"-"}}
    assert seen == [fixed.get(at, set("0123456789abcdef")) for at in range(36)]

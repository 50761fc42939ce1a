"""Ids that are derived from names."""

import re

from keyhole.identity.embedded.names import project_id_of, user_id_of


def test_ids_are_32_hex_digits_and_never_change() -> None:
    assert project_id_of("demo") == "fc02576859485aabaa0bf1392eff0f2e"
    assert user_id_of("demo") == "146b662d6b7d5415b8387f58966062ca"
    for name in ("", "demo", "Ünal", "x" * 255):
        assert re.fullmatch("[0-9a-f]{32}", project_id_of(name))
        assert re.fullmatch("[0-9a-f]{32}", user_id_of(name))


def test_ids_of_different_names_differ() -> None:
    assert len({project_id_of(name) for name in ("demo", "Demo", "demo ", "")}) == 4

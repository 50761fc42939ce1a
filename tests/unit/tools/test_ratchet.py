"""Counts that may only fall."""

import json
import sys
from pathlib import Path

import pytest
from tools import ratchet


@pytest.mark.parametrize(
    ("found", "allowed", "problems"),
    [
        ({}, {}, []),
        ({"a": 2}, {"a": 2}, []),
        ({"a": 3}, {"a": 2}, ["a: 3, allowed are 2"]),
        ({"b": 1}, {}, ["b: 1, allowed are 0"]),
        ({"a": 1}, {"a": 2}, ["a: only 1 are left of 2; run this tool with --update"]),
        ({}, {"a": 2}, ["a: only 0 are left of 2; run this tool with --update"]),
    ],
)
def test_more_and_less_than_allowed_are_problems(
    found: dict[str, int], allowed: dict[str, int], problems: list[str]
) -> None:
    assert ratchet.compare(found, allowed) == problems


def test_fewer_are_settled_also_in_other_files(tmp_path: Path) -> None:
    path = tmp_path / "counts.json"
    path.write_text('{"a": 2, "b": 2}')
    assert ratchet.settle({"moved/a": 2, "b": 1}, path)
    assert ratchet.read(path) == {"moved/a": 2, "b": 1}


def test_more_are_not_settled(tmp_path: Path) -> None:
    path = tmp_path / "counts.json"
    path.write_text('{"a": 2}')
    assert not ratchet.settle({"a": 2, "b": 1}, path)
    assert ratchet.read(path) == {"a": 2}


def test_the_list_goes_with_the_last_one(tmp_path: Path) -> None:
    path = tmp_path / "counts.json"
    path.write_text('{"a": 2}')
    assert ratchet.settle({}, path)
    assert not path.exists()
    assert ratchet.read(path) == {}


def test_the_exit_status_says_whether_all_is_as_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "counts.json"
    path.write_text(json.dumps({"a": 2}))
    monkeypatch.setattr(sys, "argv", ["tool"])
    assert ratchet.run({"a": 2}, path) == 0
    assert ratchet.run({"a": 3}, path) == 1
    monkeypatch.setattr(sys, "argv", ["tool", "--update"])
    assert ratchet.run({"a": 3}, path) == 1
    assert ratchet.run({"a": 1}, path) == 0
    assert ratchet.read(path) == {"a": 1}

from itertools import combinations

from keyhole.api.compute.operations import OPERATIONS, Operation
from keyhole.api.compute.versions import NEWEST, OLDEST, Microversion
from keyhole.model import Identity, Role


def rows(**wanted: object) -> list[Operation]:
    return [row for row in OPERATIONS if all(getattr(row, name) == value for name, value in wanted.items())]


def test_no_two_rows_answer_the_same_request() -> None:
    for one, other in combinations(OPERATIONS, 2):
        if (one.method, one.path, one.action) == (other.method, other.path, other.action):
            assert one.newest < other.oldest or other.newest < one.oldest


def test_ranges_are_ranges() -> None:
    for row in OPERATIONS:
        assert OLDEST <= row.oldest <= row.newest <= NEWEST


def test_a_role_goes_with_the_name_of_its_policy() -> None:
    for row in OPERATIONS:
        assert (row.role is None) == (row.policy == "")


def test_console_actions_end_where_remote_consoles_begin() -> None:
    for row in rows(role=Role.MEMBER):
        if row.action and row.action != "os-getConsoleOutput":
            assert (row.oldest, row.newest) == (OLDEST, Microversion(2, 5))
    assert min(row.oldest for row in rows(name="remote-consoles")) == Microversion(2, 6)


def test_console_output_is_there_at_every_version() -> None:
    (row,) = rows(action="os-getConsoleOutput")
    assert (row.oldest, row.newest) == (OLDEST, NEWEST)


def test_ranges_in_words() -> None:
    assert [row.versions for row in rows(name="remote-consoles")] == ["2.6 to 2.7", "2.8 to 2.98", "2.99 and later"]


def test_roles_contain_one_another() -> None:
    (show,), (create, *_), (lookup, *_) = (
        rows(name="show-server"),
        rows(name="remote-consoles"),
        rows(name="os-console-auth-tokens", role=Role.ADMIN),
    )
    allowed = {
        role: [row.allows(Identity("u", "u", "p", "p", frozenset({role}))) for row in (show, create, lookup)]
        for role in ("reader", "member", "admin", "other")
    }
    assert allowed == {
        "reader": [True, False, False],
        "member": [True, True, False],
        "admin": [True, True, True],
        "other": [False, False, False],
    }

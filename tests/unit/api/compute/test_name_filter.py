import pytest
from tests.api.world import make_server

from keyhole.api.compute.name_filter import compile_name_filter, with_matching_names
from keyhole.api.errors import RequestRefused, status_of

LONG = "a" * 255


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("vm", ["vm1", "my-vm"]),
        ("^vm1$", ["vm1"]),
        ("^(vm|db)1", ["vm1", "db1"]),
        (".*b.*", ["db1"]),
        ("[a-z]+-vm", ["my-vm"]),
        (r"\.", []),
        (r"[*+?{(]{2}", []),
        ("nosuch", []),
    ],
)
async def test_finds_names(pattern: str, names: list[str]) -> None:
    servers = [make_server(name, name) for name in ("vm1", "db1", "my-vm")]
    found = await with_matching_names(servers, compile_name_filter(pattern))
    assert [server.name for server in found] == names


@pytest.mark.parametrize(
    "pattern", ["", "[", "(", "a)", "*", "a**", r"\1", "(?P<n", "[[a]", "a{99999999999}", "x" * 256]
)
def test_refuses_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        compile_name_filter(pattern)
    assert status_of(caught.value) == 400
    assert str(caught.value).startswith("Invalid input for query parameters name. Value: ")


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*b", "a*a*a*b", "(a|a)(a|a)(a|a)b", "a?a?a?aaa", "(?:a+)b", "(a*){9}", "(?=a)a"]
)
def test_refuses_what_could_run_for_hours(pattern: str) -> None:
    with pytest.raises(RequestRefused, match="repeats too much"):
        compile_name_filter(pattern)


@pytest.mark.parametrize("pattern", ["[a-\U0010ffff]", r"[\u0100-\uffff]" * 2, "[a-\uffff]" * 48])
def test_refuses_what_takes_long_to_compile(pattern: str) -> None:
    with pytest.raises(RequestRefused, match="has ranges of more than 65536 characters"):
        compile_name_filter(pattern)


@pytest.mark.parametrize(
    "pattern", ["a*a*[bc]", "(" + "|".join(["a"] * 100) + ")a*[bc]", "a{0,255}a{0,255}[bc]", "^.*.*$x"]
)
async def test_the_worst_that_is_taken_ends_also_on_a_name_that_is_too_long(pattern: str) -> None:
    compiled = compile_name_filter(pattern)
    assert await with_matching_names([make_server(name=LONG * 4)], compiled) == []

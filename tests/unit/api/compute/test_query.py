"""Query arguments by microversion."""

import pytest
from starlette.datastructures import QueryParams

from keyhole.api.compute.query import ANY_QUERY, Argument, QueryRules
from keyhole.api.compute.schema import Format, Invalid, Schema
from keyhole.api.compute.versions import Microversion

OLD, NEW = Microversion(2, 1), Microversion(2, 75)
TEXT = Schema(("string",))
RULES = QueryRules(
    (
        Argument("name", Schema(("string",), form=Format.REGEX)),
        Argument("since", Schema(("string",), form=Format.TIME)),
        Argument("tags", TEXT, oldest=Microversion(2, 26)),
        Argument("former", TEXT, newest=Microversion(2, 74)),
    ),
    closed_from=NEW,
)
PRIVATE = QueryRules(closed_from=NEW, private=True)


def accept(rules: QueryRules, query: str, version: Microversion) -> list[tuple[str, str]]:
    return rules.accept(QueryParams(query), version).multi_items()


@pytest.mark.parametrize(
    ("rules", "query", "version", "taken"),
    [
        (RULES, "", OLD, []),
        (RULES, "name=a&name=b&x=1", OLD, [("name", "a"), ("name", "b")]),
        (RULES, "tags=a&former=b", OLD, [("former", "b")]),
        (RULES, "tags=a", NEW, [("tags", "a")]),
        (RULES, "since=2020-01-01T00:00:00Z", NEW, [("since", "2020-01-01T00:00:00Z")]),
        (ANY_QUERY, "x=1", NEW, []),
        (PRIVATE, "_x=1", NEW, [("_x", "1")]),
        (PRIVATE, "_x=1&x=1", OLD, [("_x", "1")]),
    ],
)
def test_what_is_taken(rules: QueryRules, query: str, version: Microversion, taken: list[tuple[str, str]]) -> None:
    assert accept(rules, query, version) == taken


@pytest.mark.parametrize(
    ("rules", "query", "version", "words"),
    [
        (RULES, "name=[", OLD, "Invalid input for query parameters name. Value: [. '[' is not a 'regex'"),
        (RULES, "name=", OLD, "Invalid input for query parameters name. Value: . '' is not a 'regex'"),
        (RULES, "name=" + "a" * 256, OLD, "is not a 'regex'"),
        (
            RULES,
            "since=never",
            OLD,
            "query parameters since. Value: never. 'never' is not a 'date-time'",
        ),
        (RULES, "x=1", NEW, "Additional properties are not allowed ('x' was unexpected)"),
        (RULES, "former=1&x=1", NEW, "Additional properties are not allowed ('former', 'x' were unexpected)"),
        (PRIVATE, "x=1", NEW, "'x' does not match any of the regexes: '^_'"),
        (PRIVATE, "x=1&_y=2&z=1", NEW, "'x', 'z' do not match any of the regexes: '^_'"),
        (RULES, "name=[&x=1", NEW, "is not a 'regex'"),
    ],
)
def test_what_is_refused(rules: QueryRules, query: str, version: Microversion, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        accept(rules, query, version)
    assert words in str(caught.value)

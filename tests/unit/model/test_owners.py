"""A server's owner according to its platform's facts."""

import pytest

from keyhole.errors import SettingsError
from keyhole.model import Facts, OwnerForm, OwnerRule, OwnerSource
from keyhole.ports.drivers import DriverContext


def project_id_of(name: str) -> str:
    if name == "unknown":
        raise SettingsError("there is no such project")
    return f"id of {name}"


CONTEXT = DriverContext("x", project_id_of)
FACTS = Facts(
    metadata={"urn:keyhole:1": "from metadata"},
    keys={"keyhole-project": "from a key", "odd": "a\x1b[2J", "long": "x" * 256, "no": "unknown"},
    tags=("web", "project:from a tag", "twice:a", "twice:b"),
    pool="pool",
    namespace="namespace",
    folder="folder",
    name="lab-web1",
)
LAST = OwnerRule(OwnerSource.CONSTANT, "demo")


@pytest.mark.parametrize(
    ("source", "key", "owner"),
    [
        ("metadata", "urn:keyhole:1", "from metadata"),
        ("metadata", "another", "demo"),
        ("key", "keyhole-project", "from a key"),
        ("key", "odd", "demo"),
        ("key", "long", "demo"),
        ("key", "no", "demo"),
        ("tag", "project:", "from a tag"),
        ("tag", "twice:", "demo"),
        ("tag", "absent:", "demo"),
        ("pool", "", "pool"),
        ("namespace", "", "namespace"),
        ("folder", "", "folder"),
        ("name", "([a-z]+)-.*", "lab"),
        ("name", "(x)?lab-.*", "demo"),
        ("name", "([0-9]+)", "demo"),
        ("constant", "other", "other"),
    ],
)
def test_the_first_rule_that_gives_a_project_counts(source: str, key: str, owner: str) -> None:
    assert CONTEXT.owner_of(FACTS, [OwnerRule(OwnerSource(source), key), LAST]) == f"id of {owner}"


def test_a_fact_may_give_the_id() -> None:
    assert CONTEXT.owner_of(FACTS, [OwnerRule(OwnerSource.POOL, gives=OwnerForm.ID)]) == "pool"


def test_what_no_rule_gives_is_nobodys() -> None:
    assert (
        CONTEXT.owner_of(Facts(), [OwnerRule(source) for source in OwnerSource if source is not OwnerSource.NAME]) == ""
    )

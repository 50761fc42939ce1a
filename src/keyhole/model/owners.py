"""Which project a server belongs to, from what its platform knows about it: the same rules for every driver."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

MAX_NAME_CHARACTERS = 255
"""The longest project name that a platform's fact may give."""


class OwnerSource(StrEnum):
    """Which of a server's facts names its project."""

    METADATA = "metadata"
    KEY = "key"
    TAG = "tag"
    POOL = "pool"
    NAMESPACE = "namespace"
    FOLDER = "folder"
    NAME = "name"
    CONSTANT = "constant"


class OwnerForm(StrEnum):
    """What a fact contains: a project's id in the identity service, or its name."""

    ID = "id"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class OwnerRule:
    """Where to read a project.

    `key` is the name of the metadata or of the key; the prefix of the tag, followed by the project; a regular
    expression for the server's name, whose only group is the project; the project itself for `constant`. Pool,
    namespace and folder have none. Anybody who can change the fact on the platform decides who may open the server's
    consoles.
    """

    source: OwnerSource
    key: str = ""
    gives: OwnerForm = OwnerForm.NAME


@dataclass(frozen=True, slots=True)
class Facts:
    """What a platform knows about a server that may name its project. Empty texts are missing facts."""

    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    tags: Sequence[str] = ()
    pool: str = ""
    namespace: str = ""
    folder: str = ""
    name: str = ""


class Owner(NamedTuple):
    """A project by its id or its name."""

    text: str
    form: OwnerForm


def owners(rules: Sequence[OwnerRule], facts: Facts) -> Iterator[Owner]:
    """The projects that the rules find, in the rules' order; a fact that is empty, too long or not printable yields
    none.
    """
    for rule in rules:
        text = _read(rule, facts)
        if text and len(text) <= MAX_NAME_CHARACTERS and text.isprintable():
            yield Owner(text, rule.gives)


def _read(rule: OwnerRule, facts: Facts) -> str:
    match rule.source:
        case OwnerSource.METADATA:
            return facts.metadata.get(rule.key, "")
        case OwnerSource.KEY:
            return facts.keys.get(rule.key, "")
        case OwnerSource.TAG:
            given = [tag.removeprefix(rule.key) for tag in facts.tags if tag.startswith(rule.key)]
            return given[0] if len(given) == 1 else ""
        case OwnerSource.POOL:
            return facts.pool
        case OwnerSource.NAMESPACE:
            return facts.namespace
        case OwnerSource.FOLDER:
            return facts.folder
        case OwnerSource.NAME:
            found = re.fullmatch(rule.key, facts.name[:MAX_NAME_CHARACTERS])
            return (found[1] or "") if found and found.re.groups else ""
        case OwnerSource.CONSTANT:
            return rule.key

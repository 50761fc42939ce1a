"""Checks request bodies and reports errors with the messages that Compute API clients know (those of JSON Schema).

Only the keywords that the operations use: type, enum, pattern, minimum, minLength, format, properties, required,
additionalProperties. They are tried in that order and the first failure is reported, as in Nova: an inner property
before its parent's missing or additional ones.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType, NoneType
from typing import Any

from keyhole.api.regex import is_regex
from keyhole.errors import KeyholeError

MAX_QUOTED_CHARACTERS = 1000
"""How much of a wrong value is quoted back."""


class Invalid(KeyholeError):
    """A value breaks its schema; the message says where and how."""


class Format(StrEnum):
    """String formats that JSON Schema names."""

    REGEX = "regex"
    TIME = "date-time"


@dataclass(frozen=True, slots=True)
class Schema:
    """What a JSON value must be. `minimum` also holds for strings that are numbers."""

    types: tuple[str, ...]
    enum: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    minimum: int | None = None
    min_length: int = 0
    form: Format | None = None
    properties: Mapping[str, "Schema"] = field(default_factory=lambda: MappingProxyType({}))
    required: tuple[str, ...] = ()
    closed: bool = False
    """No properties but the named ones (additionalProperties false)."""
    accepted: tuple[type, ...] = field(init=False, repr=False)
    """The Python types of `types`; whether a number is an integer is checked besides."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "accepted", tuple(one for name in self.types for one in _PYTHON_TYPES[name]))


_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {"object": (dict,), "string": (str,), "null": (NoneType,), "integer": (int, float)}
)


def closed_object(required: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    """An object with these properties and no others."""
    return Schema(("object",), properties=MappingProxyType(properties), required=required, closed=True)


def wrapped(name: str, inner: Schema) -> Schema:
    """An object whose only property, which is required, is `name`."""
    return Schema(("object",), properties=MappingProxyType({name: inner}), required=(name,), closed=True)


def one_of(*words: str) -> Schema:
    """One of these strings."""
    return Schema(("string",), enum=words)


def check(schema: Schema, value: Any, *, strip: bool = False) -> Any:
    """The value if it is valid; with `strip`, without the properties that a closed object does not allow.

    Raises Invalid.
    """
    return _check(schema, value, None, strip)


def refuse_unknown(names: set[str]) -> None:
    """Refuses any name at all, as a closed object without properties does. Raises Invalid."""
    if names:
        raise Invalid(_unexpected_properties(names))


def check_parameter(schema: Schema, name: str, value: str) -> str:
    """The value of a query parameter if it is valid. Raises Invalid."""
    wrong = _error_of(schema, value)
    if wrong:
        raise Invalid(f"Invalid input for query parameters {name}. Value: {_bounded(value)}. {wrong}")
    return value


def _check(schema: Schema, value: Any, name: str | None, strip: bool) -> Any:
    """`name` is the property that the value is of, None for the whole body."""
    wrong = _error_of(schema, value)
    if wrong:
        raise _invalid(name, value, wrong)
    if not isinstance(value, dict):
        return value
    checked = {
        property_name: _check(inner, value[property_name], property_name, strip)
        for property_name, inner in schema.properties.items()
        if property_name in value
    }
    for required in schema.required:
        if required not in value:
            raise _invalid(name, value, f"{required!r} is a required property")
    others = {} if len(checked) == len(value) else {key: value[key] for key in value if key not in schema.properties}
    if schema.closed and others and not strip:
        raise _invalid(name, value, _unexpected_properties(set(others)))
    return checked if schema.closed else checked | others


def _error_of(schema: Schema, value: Any) -> str | None:
    if not _has_type(schema, value):
        return f"{_quoted(value)} is not of type {', '.join(map(repr, schema.types))}"
    if schema.enum and value not in schema.enum:
        return f"{_quoted(value)} is not one of {list(schema.enum)!r}"
    if schema.pattern and isinstance(value, str) and not schema.pattern.search(value):
        return f"{_quoted(value)} does not match {schema.pattern.pattern!r}"
    if schema.minimum is not None:
        number = _number(value)
        if number is not None and number < schema.minimum:
            return f"{number!r} is less than the minimum of {schema.minimum}"
    if isinstance(value, str) and len(value) < schema.min_length:
        return f"{_quoted(value)} should be non-empty"
    if schema.form and isinstance(value, str) and not _has_form(schema.form, value):
        return f"{_quoted(value)} is not a {schema.form.value!r}"
    return None


def _has_type(schema: Schema, value: Any) -> bool:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        return False  # Python takes the one for an int, and only whole numbers are integers in JSON Schema
    return isinstance(value, schema.accepted)


def _has_form(form: Format, text: str) -> bool:
    match form:
        case Format.REGEX:
            return is_regex(text)
        case Format.TIME:
            return _is_time(text)


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _number(value: Any) -> float | None:
    for kind in (int, float):
        try:
            return kind(value)
        except (TypeError, ValueError):
            continue
    return None


def _unexpected_properties(names: set[str]) -> str:
    listed = ", ".join(map(repr, sorted(names)))
    return _bounded(
        f"Additional properties are not allowed ({listed} {'was' if len(names) == 1 else 'were'} unexpected)"
    )


def _invalid(name: str | None, value: Any, wrong: str) -> Invalid:
    if name is None:
        return Invalid(wrong)
    shown = _bounded(value) if isinstance(value, str) else _quoted(value)
    return Invalid(f"Invalid input for field/attribute {name}. Value: {shown}. {wrong}")


def _quoted(value: Any) -> str:
    """The value as Python writes it, as in these messages."""
    try:
        return _bounded(repr(value))
    except RecursionError:
        return "(a value nested too deeply to show)"


def _bounded(text: str) -> str:
    return text if len(text) <= MAX_QUOTED_CHARACTERS else f"{text[:MAX_QUOTED_CHARACTERS]}..."

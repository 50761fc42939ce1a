"""Microversions of the compute API and its version documents, which need no token.

A client asks for a microversion with `OpenStack-API-Version: compute X.Y` or, in the older form, with
`X-OpenStack-Nova-API-Version: X.Y`; the first wins. Without either it gets the oldest.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.datastructures import Headers

from keyhole.api.errors import RequestRefused
from keyhole.reasons import Reason

VERSION_HEADER = "OpenStack-API-Version"
LEGACY_VERSION_HEADER = "X-OpenStack-Nova-API-Version"

_FORMAT = re.compile(r"([1-9][0-9]{0,99})\.(0|[1-9][0-9]{0,99})")


class Microversion(NamedTuple):
    """A version of the compute API; ordered as its numbers are."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


OLDEST = Microversion(2, 1)
NEWEST = Microversion(2, 104)


def requested_version(headers: Headers) -> Microversion:
    """The microversion that the headers request, in range or not. Raises RequestRefused (400) if it is malformed."""
    requested = _standard_version(",".join(headers.getlist(VERSION_HEADER))) or _legacy_version(headers)
    return OLDEST if requested is None else _parsed(requested)


@lru_cache(maxsize=128)
def _parsed(requested: str) -> Microversion:
    if requested == "latest":
        return NEWEST
    numbers = _FORMAT.fullmatch(requested)
    if numbers is None:
        message = f"API Version String {requested[:100]} is of invalid format. Must be of format MajorNum.MinorNum."
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, message)
    return Microversion(int(numbers[1]), int(numbers[2]))


def refuse_unsupported(version: Microversion) -> None:
    """Refuses an unsupported microversion with 406."""
    if not OLDEST <= version <= NEWEST:
        message = f"Version {version} is not supported by the API. Minimum is {OLDEST} and maximum is {NEWEST}."
        raise RequestRefused(406, Reason.VERSION_NOT_SUPPORTED, message)


@lru_cache(maxsize=128)
def version_headers(version: Microversion) -> tuple[tuple[str, str], ...]:
    """The header lines that state the microversion of the answer."""
    return (
        (VERSION_HEADER, f"compute {version}"),
        (LEGACY_VERSION_HEADER, str(version)),
        ("Vary", VERSION_HEADER),
        ("Vary", LEGACY_VERSION_HEADER),
    )


@lru_cache(maxsize=128)
def _standard_version(header: str) -> str | None:
    """From `volume 3.5, compute 2.6`: what follows the last `compute`."""
    for one in reversed(header.split(",")):
        words = one.split(maxsplit=1)
        if len(words) == 2 and words[0].lower() == "compute":
            return words[1].strip()
    return None


def _legacy_version(headers: Headers) -> str | None:
    values = headers.getlist(LEGACY_VERSION_HEADER)
    return values[-1].rpartition(",")[2].strip() if values else None


_DOCUMENTS: Sequence[Mapping[str, str]] = (
    MappingProxyType(
        {
            "id": "v2.0",
            "status": "DEPRECATED",
            "version": "",
            "min_version": "",
            "updated": "2025-07-04T12:00:00Z",
            "path": "v2",
            "media": "application/vnd.openstack.compute+json;version=2",
        }
    ),
    MappingProxyType(
        {
            "id": "v2.1",
            "status": "CURRENT",
            "version": str(NEWEST),
            "min_version": str(OLDEST),
            "updated": "2013-07-23T11:33:21Z",
            "path": "v2.1",
            "media": "application/vnd.openstack.compute+json;version=2.1",
        }
    ),
)


def all_versions(base_url: str) -> dict[str, Any]:
    """The document at the API's root; `base_url` ends in /compute."""
    return {"versions": [_plain(one) | {"links": [_self_link(base_url, one, "/")]} for one in _DOCUMENTS]}


def one_version(base_url: str, *, legacy: bool) -> dict[str, Any]:
    """The document at /v2.1/ (or /v2/), from which clients read the range of microversions."""
    one = _DOCUMENTS[0 if legacy else 1]
    described = {"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"}
    links = [_self_link(base_url, one, "/"), described]
    return {"version": _plain(one) | {"links": links, "media-types": _media_types(one)}}


def choices(base_url: str, path: str) -> dict[str, Any]:
    """The answer to a path without a version: where it may be below each version."""
    return {
        "choices": [
            {
                "id": one["id"],
                "status": one["status"],
                "links": [_self_link(base_url, one, quote(path))],
                "media-types": _media_types(one),
            }
            for one in _DOCUMENTS
        ]
    }


def _plain(one: Mapping[str, str]) -> dict[str, Any]:
    return {key: one[key] for key in ("id", "status", "version", "min_version", "updated")}


def _self_link(base_url: str, one: Mapping[str, str], path: str) -> dict[str, str]:
    return {"rel": "self", "href": f"{base_url}/{one['path']}{path}"}


def _media_types(one: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"base": "application/json", "type": one["media"]}]

"""The argument of the compute API's handlers, and the links in their answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.datastructures import QueryParams

from keyhole.api.compute.versions import Microversion
from keyhole.api.services import ApiServices
from keyhole.model import Identity, RequesterToken


@dataclass(frozen=True, slots=True)
class Links:
    """Creates hrefs below the public URL. `project_id` is the one in the request's path, empty when there is none."""

    base_url: str
    version_path: str
    project_id: str

    def to(self, *parts: str) -> str:
        """The href of a resource, below the API's version."""
        return self._join(f"{self.base_url}/{self.version_path}", parts)

    def pair(self, *parts: str) -> list[dict[str, str]]:
        """A resource's `links`: itself, and the bookmark, which has no version."""
        return [
            {"rel": "self", "href": self.to(*parts)},
            {"rel": "bookmark", "href": self._join(self.base_url, parts)},
        ]

    def _join(self, base: str, parts: tuple[str, ...]) -> str:
        project = (self.project_id,) if self.project_id else ()
        return "/".join((base, *project, *(quote(part, safe="") for part in parts)))


@dataclass(frozen=True, slots=True)
class Call:
    """One request that passed every check of its operation. `parameters` are the path's, decoded; `requester` is the
    token of `identity`.
    """

    services: ApiServices
    identity: Identity
    requester: RequesterToken
    version: Microversion
    parameters: Mapping[str, str]
    query: QueryParams
    body: Any
    links: Links
    request_id: str

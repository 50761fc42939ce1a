"""Calls to a cloud's compute and identity APIs, with every failure as one sentence.

What the calls mean is left to the other modules of this package.
"""

import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from keystoneauth1 import exceptions
from keystoneauth1.adapter import Adapter
from keystoneauth1.discover import version_between
from keystoneauth1.plugin import AUTH_INTERFACE
from openstack.config.cloud_region import CloudRegion
from openstack.exceptions import SDKException
from pydantic import BaseModel, ValidationError
from requests import Response

from keyhole.cli.client import settings
from keyhole.errors import KeyholeError, SettingsError

Answer = TypeVar("Answer", bound=BaseModel)

_COMPUTE: Final = "compute"
_BESIDE_COMPUTE: Final = "/compute/v2"
_IDENTITY_VERSION: Final = (3, 0)
_MISDIRECTED: Final = 421
_MOST_TRIES: Final = 200
"""With 16 workers, one call in 400 000 does not reach the right worker."""
_TAG: Final = re.compile(r"<[^<>]*>")
_USER_IN_URL: Final = re.compile(r"//[^/@\s]*@")


class CommandFailed(KeyholeError):
    """A command failed, usually because the cloud refused it; the message says why."""


class NotFound(CommandFailed):
    """The requested item does not exist or belongs to another project."""


class Nothing(BaseModel):
    """An answer without content, or whose content is ignored."""


@contextmanager
def signed_in(os_cloud: str | None) -> Iterator["Cloud"]:
    """The cloud that the settings name; the first call signs in. Raises SettingsError."""
    with _quiet_libraries():
        region = settings.load(os_cloud)
        try:
            yield Cloud(region)
        finally:
            region.get_session().session.close()


class Cloud:
    """Every call raises CommandFailed, or SettingsError if the cloud finds the settings incomplete."""

    def __init__(self, region: CloudRegion) -> None:
        self.region = region
        session = region.get_session()
        self._compute = Adapter(
            session,
            service_type=region.get_service_type(_COMPUTE),
            service_name=region.get_service_name(_COMPUTE),
            interface=region.get_interface(_COMPUTE),
            region_name=region.get_region_name(_COMPUTE) or None,
            endpoint_override=region.get_endpoint(_COMPUTE),
        )
        # The identity API at the sign-in URL, whatever the catalog lists.
        self._identity = {"interface": AUTH_INTERFACE, "version": _IDENTITY_VERSION}

    def compute(
        self,
        expected: type[Answer],
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        microversion: str | None = None,
    ) -> Answer:
        """One call to the compute API; without `microversion`, at the oldest."""
        with _readable_errors():
            response = self._compute.request(
                path, method, raise_exc=False, params=query, json=body, microversion=microversion
            )
        return _answer(response, expected)

    def keyhole(
        self,
        expected: type[Answer],
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        any_worker: bool = True,
    ) -> Answer:
        """One call to Keyhole's own API, whose base URL is derived from that of its compute API.

        With `any_worker` false, only the worker that has the session can answer it.
        """
        return _answer(self._keyhole(method, path, query, any_worker=any_worker), expected)

    def keyhole_stream(self, path: str, *, query: Mapping[str, str] | None = None) -> Iterator[bytes]:
        """The bytes of an answer of Keyhole's own API, as they arrive, from the worker that has the session."""
        response = self._keyhole("GET", path, query, any_worker=False, stream=True)
        if not response.ok:
            raise _refusal(response)
        with response, _readable_errors():
            yield from response.iter_content(None)

    def _keyhole(
        self, method: str, path: str, query: Mapping[str, str] | None, *, any_worker: bool, stream: bool = False
    ) -> Response:
        with _readable_errors():
            base, found, _ = (self._compute.get_endpoint() or "").rpartition(_BESIDE_COMPUTE)
        if not found:
            raise CommandFailed("this command requires Keyhole, but this cloud has another compute API")
        # A connection stays with one worker, so each try uses a new one.
        headers = {} if any_worker else {"Connection": "close"}
        for _ in range(1 if any_worker else _MOST_TRIES):
            with _readable_errors():
                response = self._compute.request(
                    f"{base}{path}", method, raise_exc=False, params=query, headers=headers, stream=stream
                )
            if response.status_code != _MISDIRECTED:
                break
            response.close()
        return response

    def compute_offers(self, major: int, minor: int) -> bool:
        """Whether the compute API supports this microversion, according to its version document."""
        with _readable_errors():
            found = self._compute.get_endpoint_data()
        if found is None or not found.max_microversion:
            return False
        return version_between(found.min_microversion, found.max_microversion, (major, minor))

    def identity(
        self, expected: type[Answer], method: str, path: str, *, body: Mapping[str, Any] | None = None
    ) -> Answer:
        """One call to the identity API, version 3."""
        with _readable_errors():
            response = self.region.get_session().request(
                path, method, raise_exc=False, json=body, endpoint_filter=self._identity
            )
        return _answer(response, expected)

    @property
    def user_id(self) -> str:
        """The id of the signed-in user. Raises CommandFailed if the sign-in method has none."""
        with _readable_errors():
            user_id = self.region.get_session().get_user_id()
        if user_id is None:
            raise CommandFailed("this sign-in method has no user, so there are no application credentials")
        return user_id


def _answer(response: Response, expected: type[Answer]) -> Answer:
    if not response.ok:
        raise _refusal(response)
    try:
        return expected.model_validate_json(response.content or b"{}")
    except ValidationError as error:
        message = f"the response from {_bare(response.url)} ({response.status_code}) has an unexpected format"
        raise CommandFailed(message) from error


def _refusal(response: Response) -> CommandFailed:
    kind = NotFound if response.status_code == 404 else CommandFailed
    return kind(_fault_message(response))


def _fault_message(response: Response) -> str:
    """The message of a Nova fault {"itemNotFound": {"message"}}, Keystone error, router's {"message"} or problem."""
    try:
        content = response.json()
    except ValueError:
        content = None
    if isinstance(content, dict):
        if isinstance(content.get("detail"), str) and content["detail"].strip():
            return str(content["detail"])
        for place in (content, *content.values()):
            if isinstance(place, dict) and isinstance(place.get("message"), str) and place["message"].strip():
                return _TAG.sub(" ", place["message"])
    return f"{_bare(response.url)} answered {response.status_code} {response.reason or ''}".rstrip()


@contextmanager
def _readable_errors() -> Iterator[None]:
    """Converts the libraries' exceptions into sentences: their own texts mention pools and retries."""
    try:
        yield
    except exceptions.EmptyCatalog as error:
        raise SettingsError("no project is selected; set OS_PROJECT_NAME or OS_PROJECT_ID") from error
    except exceptions.Unauthorized as error:
        raise CommandFailed(f"the sign-in was refused: {str(error).partition(' (HTTP ')[0]}") from error
    except (exceptions.ClientException, SDKException, OSError, ValueError) as error:
        raise CommandFailed(_bare(_in_words(error))) from error
    except (LookupError, TypeError, AttributeError) as error:
        # The libraries do not check the format of documents, tokens and catalogs.
        raise CommandFailed("the cloud's response has an unexpected format") from error


def _in_words(error: BaseException) -> str:
    """The first part of the text, and the operating system's error that caused it."""
    bottom: BaseException | None = error
    while bottom is not None and not (isinstance(bottom, OSError) and bottom.strerror):
        bottom = bottom.__cause__ or bottom.__context__
    if isinstance(bottom, OSError):
        return f"{str(error).partition(': ')[0]}: {bottom.strerror}"
    return str(error)


def _bare(text: str) -> str:
    """`text` without the user and password that a URL in it may have."""
    return _USER_IN_URL.sub("//", text)


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Keeps libraries from writing to standard error: a command prints one line, its own."""
    silence = logging.NullHandler()
    root = logging.getLogger()
    root.addHandler(silence)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        root.removeHandler(silence)

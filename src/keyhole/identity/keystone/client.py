"""The requests to a Keystone, made with keystoneauth, which blocks: call them in threads.

Keyhole signs in with its own user there; keystoneauth keeps that token, renews it before it expires and once more if
Keystone does not accept it (401). Tokens are validated as keystonemiddleware does, by GET /v3/auth/tokens at the
identity endpoint that the catalog names. `OpenStack-Identity-Access-Rules` is not sent, so Keystone itself refuses
tokens of application credentials with access rules, which Keyhole would not enforce.
"""

import functools
import re
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from keystoneauth1 import exceptions
from keystoneauth1.access import AccessInfo
from keystoneauth1.identity.v3 import Password
from keystoneauth1.session import Session
from requests import Response

from keyhole.config import IdentitySettings
from keyhole.errors import ProjectNeeded, Unavailable
from keyhole.identity.keystone.deadlines import DeadlineAdapter

REQUEST_SECONDS = 4.0
"""How long Keystone may take to accept a connection, and then for its whole response."""

CALL_SECONDS = 10.0
"""How long a call may take with all its requests: our sign-in, endpoints that do not answer, redirects."""

_PROJECT_ID = re.compile(r"[0-9a-f]{32}")

INTERFACES = ("internal", "public")
"""Which endpoint of the catalog is used: the first of these that it has."""


P = ParamSpec("P")
T = TypeVar("T")


def _in_time(call: Callable[Concatenate["KeystoneClient", P], T]) -> Callable[Concatenate["KeystoneClient", P], T]:
    """A call whose requests end together, after the client's `call_seconds`."""

    @functools.wraps(call)
    def limited(self: "KeystoneClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.deadline():
            return call(self, *args, **kwargs)

    return limited


class KeystoneClient:
    """One Keystone. Every call raises Unavailable; may be used by several threads at once."""

    def __init__(
        self,
        settings: IdentitySettings,
        *,
        request_seconds: float = REQUEST_SECONDS,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        self._url = settings.keystone_url
        self._region = settings.region_name
        self._answered_at = ""
        self._domain = settings.user_domain_name
        auth = Password(
            auth_url=f"{self._url}/v3",
            username=settings.username,
            password=settings.password.get_secret_value() if settings.password else "",
            project_name=settings.project_name,
            user_domain_name=settings.user_domain_name,
            project_domain_name=settings.project_domain_name,
        )
        verify = True if settings.cafile is None else str(settings.cafile)
        self._session = Session(auth=auth, verify=verify, timeout=request_seconds, app_name="keyhole")
        adapter = DeadlineAdapter()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)
        self.deadline = functools.partial(adapter.calls_end_after, call_seconds)

    @_in_time
    def show_token(self, token: str, *, expired: bool = False) -> dict[str, Any] | None:
        """Keystone's description of a token: the content of its "token" object; None if the token is not valid.

        `expired` also accepts expired tokens, for which Keystone answers for two days, or as it is configured.
        """
        query = "nocatalog&allow_expired=1" if expired else "nocatalog"
        response = self._get(f"/v3/auth/tokens?{query}", {"X-Subject-Token": token})
        if response.status_code == 404 and _is_error_of_keystone(response):
            return None
        return self._object(response, "token")

    @_in_time
    def sign_in(self, username: str, password: str, project: str | None, domain: str | None) -> str | None:
        """A token for a person and a project, which may be omitted if there is only one; None if Keystone refuses.

        Raises ProjectNeeded.
        """
        first = self._token_of(username, password, domain, project)
        if first is None or first.project_id is not None:
            return _text_of(first)
        found = self._projects_of(_text_of(first) or "")
        if len(found) != 1:
            raise ProjectNeeded([name for _, name in found])
        return _text_of(self._token_of(username, password, domain, found[0][0]))

    @_in_time
    def revoke_token(self, token: str) -> None:
        """Makes a token invalid, authenticated by the token itself; one that is not valid is ignored."""
        response = self._as_person("DELETE", "/v3/auth/tokens", token, {"X-Subject-Token": token})
        if response.status_code not in (204, 401, 404):
            raise self._unavailable(f"answers with status {response.status_code}")

    @_in_time
    def check(self) -> None:
        """Whether Keystone answers and accepts Keyhole's user."""
        self._object(self._get("/v3", {}), "version")

    def close(self) -> None:
        """Closes the connections that are kept open."""
        self._session.session.close()

    def _token_of(self, username: str, password: str, domain: str | None, project: str | None) -> AccessInfo | None:
        """`project` is an id, or a name in the user's domain; without one it is the user's default project, if any."""
        domain = domain or self._domain
        is_id = project is not None and _PROJECT_ID.fullmatch(project) is not None
        auth = Password(
            auth_url=f"{self._url}/v3",
            username=username,
            password=password,
            user_domain_name=domain,
            project_id=project if is_id else None,
            project_name=None if is_id else project,
            project_domain_name=None if is_id or project is None else domain,
        )
        try:
            access: AccessInfo = auth.get_access(self._session)
        except (exceptions.Unauthorized, exceptions.BadRequest):
            return None
        except exceptions.ConnectionError as error:
            raise self._unavailable("cannot be reached") from error
        except exceptions.ClientException as error:
            raise self._unavailable("does not answer like an identity service") from error
        return access

    def _projects_of(self, token: str) -> list[tuple[str, str]]:
        response = self._as_person("GET", "/v3/auth/projects", token, {})
        try:
            return [(project["id"], project["name"]) for project in response.json()["projects"]]
        except (ValueError, LookupError, TypeError) as error:
            raise self._unavailable("does not list a user's projects") from error

    def _as_person(self, method: str, path: str, token: str, headers: dict[str, str]) -> Response:
        """Sends a request with a person's token instead of Keyhole's own."""
        try:
            return self._session.request(
                f"{self._url}{path}",
                method,
                headers={"X-Auth-Token": token, **headers},
                authenticated=False,
                raise_exc=False,
                log=False,
            )
        except exceptions.ConnectionError as error:
            raise self._unavailable("cannot be reached") from error
        except exceptions.ClientException as error:
            raise self._unavailable("does not answer like an identity service") from error

    def _get(self, path: str, headers: dict[str, str]) -> Response:
        """Tries the endpoints until one accepts a connection; that one is tried first from then on."""
        failure: exceptions.ConnectionError | None = None
        try:
            for url in self._endpoints():
                try:
                    response = self._session.get(f"{url}{path}", headers=headers, raise_exc=False, log=False)
                except exceptions.ConnectionError as error:
                    failure = error
                    continue
                self._answered_at = url
                return response
        except exceptions.Unauthorized as error:
            raise self._unavailable("does not accept Keyhole's own user (identity.username)") from error
        except exceptions.ConnectionError as error:
            raise self._unavailable("cannot be reached") from error
        except exceptions.ClientException as error:
            raise self._unavailable("does not answer like an identity service") from error
        raise self._unavailable("cannot be reached") from failure

    def _endpoints(self) -> list[str]:
        """The endpoints to try: those of the catalog, then `auth_url`, which has just returned the catalog."""
        named = [url for interface in INTERFACES if (url := self._named(interface))]
        urls = [url.rstrip("/").removesuffix("/v3").removesuffix("/v2.0") for url in named]
        in_order = dict.fromkeys([*urls, self._url])
        return sorted(in_order, key=lambda url: url != self._answered_at)

    def _named(self, interface: str) -> str | None:
        try:
            return self._session.get_endpoint(
                service_type="identity", interface=interface, region_name=self._region, skip_discovery=True
            )
        except exceptions.CatalogException:
            return None

    def _object(self, response: Response, key: str) -> dict[str, Any]:
        match response.status_code:
            case 200:
                try:
                    content = response.json()
                except ValueError as error:
                    raise self._unavailable("does not answer in JSON") from error
                if isinstance(content, dict) and isinstance(content.get(key), dict):
                    found: dict[str, Any] = content[key]
                    return found
                raise self._unavailable(f"answers without a {key}")
            case 401 | 403:
                raise self._unavailable("does not let Keyhole's own user (identity.username) validate tokens")
            case status:
                raise self._unavailable(f"answers with status {status}")

    def _unavailable(self, what: str) -> Unavailable:
        return Unavailable(f"The identity service {self._url} {what}.")


def _text_of(access: AccessInfo | None) -> str | None:
    return access.auth_token if access else None


def _is_error_of_keystone(response: Response) -> bool:
    """Whether the refusal is Keystone's, and not that of a proxy or web server without a Keystone at this address."""
    try:
        content = response.json()
    except ValueError:
        return False
    return isinstance(content, dict) and "error" in content

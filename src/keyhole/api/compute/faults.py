"""The formats of the compute API's refusals: Nova's faults, the router's 404, the token check's 401."""

from typing import Any

from starlette.responses import Response

from keyhole.api.errors import fault_name, headers_of, status_of, title_of
from keyhole.api.http import Headers, json_response
from keyhole.errors import Refusal

ERROR_CONTENT_TYPE = "application/json; charset=UTF-8"


class NoSuchRoute(Refusal):
    """No call at this path for this method: answered in the router's own format, which is not a fault."""


def fault(refusal: Refusal, headers: Headers) -> Response:
    """{"<fault>": {"code", "message"}}; an overLimit that says when to try again has `retryAfter`."""
    status = status_of(refusal)
    own = headers_of(refusal)
    content: dict[str, Any] = {"code": status, "message": str(refusal)}
    retry_after = dict(own).get("Retry-After")
    if retry_after is not None:
        content["retryAfter"] = retry_after
    return json_response(status, {fault_name(status): content}, [*own, *headers], content_type=ERROR_CONTENT_TYPE)


def no_such_route(headers: Headers) -> Response:
    """The 404 of an unknown path or a wrong method (there is no 405)."""
    content = {
        "message": "The resource could not be found.<br /><br />\n\n\n",
        "code": "404 Not Found",
        "title": "Not Found",
    }
    return json_response(404, content, headers)


def not_authenticated(refusal: Refusal, identity_url: str, headers: Headers) -> Response:
    """The 401 of the token check, which says where to get tokens."""
    error = {"code": 401, "title": title_of(401), "message": str(refusal)}
    challenge = ("WWW-Authenticate", f'Keystone uri="{identity_url}"')
    return json_response(401, {"error": error}, [challenge, *headers])

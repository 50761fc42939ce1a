"""Application credentials in the identity API v3: /v3/users/{user_id}/application_credentials.

Users create them for themselves; an admin may see and delete those of others.
"""

from starlette.responses import Response

from keyhole.api.errors import RequestRefused
from keyhole.api.http import API_BODY_LIMIT_BYTES, add_headers, read_body
from keyhole.api.identity.call import IdentityCall
from keyhole.api.identity.requests import CredentialRequest, NewCredential, RoleReference, malformed, parse
from keyhole.api.identity.views import credential_v3, credentials_v3, role_id
from keyhole.errors import Forbidden
from keyhole.model import ApplicationCredential, IdentityToken
from keyhole.ports.identity import CredentialSpec
from keyhole.reasons import Reason


async def create(call: IdentityCall) -> Response:
    """{"application_credential": {"name", ...}} returns it with its secret, which is shown only here."""
    caller = await call.caller()
    if caller.identity.user_id != call.parameters["user_id"]:
        raise Forbidden(_forbidden("Cannot create an application credential for another user."))
    requested = parse(CredentialRequest, await read_body(call.request, API_BODY_LIMIT_BYTES)).application_credential
    made = await call.credentials.create(caller, _spec_of(requested, caller.identity.roles, call.services.clock()))
    if made is None:
        message = (
            "Conflict occurred attempting to store application_credential -"
            " Duplicate entry: you have one of that name; delete it first or choose another name."
        )
        raise RequestRefused(409, Reason.REQUEST_MALFORMED, message)
    credential, secret = made
    content = credential_v3(credential, call.url)
    content["application_credential"]["secret"] = secret.get_secret_value()
    return call.respond(201, content)


async def list_all(call: IdentityCall) -> Response:
    """All application credentials of a user, or those with the requested `name`."""
    await _caller_for(call, "identity:list_application_credentials")
    found = await call.credentials.list_of(call.parameters["user_id"])
    name = call.request.query_params.get("name")
    shown = [credential for credential in found if name is None or credential.name == name]
    return call.respond(200, credentials_v3(shown, call.url, call.parameters["user_id"]))


async def show(call: IdentityCall) -> Response:
    """One application credential, without its secret."""
    await _caller_for(call, "identity:get_application_credential")
    return call.respond(200, credential_v3(await _credential(call), call.url))


async def delete(call: IdentityCall) -> Response:
    """Deletes one at once, with all tokens issued for it."""
    caller = await _caller_for(call, "identity:delete_application_credential")
    await call.credentials.delete(caller, await _credential(call))
    response = Response(status_code=204)
    add_headers(response, call.headers())
    return response


async def _caller_for(call: IdentityCall, action: str) -> IdentityToken:
    """The caller: the user itself or an admin. Raises NotAuthenticated, Forbidden."""
    caller = await call.caller()
    if caller.identity.user_id != call.parameters["user_id"] and not caller.identity.is_admin:
        raise Forbidden(_forbidden(f"{action}."))
    return caller


async def _credential(call: IdentityCall) -> ApplicationCredential:
    """The credential in the path. Raises RequestRefused (404)."""
    credential_id = call.parameters["credential_id"]
    found = await call.credentials.find(call.parameters["user_id"], credential_id)
    if found is None:
        message = f"Could not find Application Credential: {credential_id[:255]}."
        raise RequestRefused(404, Reason.NOT_FOUND, message)
    return found


def _spec_of(requested: NewCredential, held: frozenset[str], now: float) -> CredentialSpec:
    """The request in Keyhole's own terms. Raises RequestRefused for what is impossible."""
    expires_at = None if requested.expires_at is None else requested.expires_at.timestamp()
    if expires_at is not None and expires_at <= now:
        raise _invalid("expires_at is in the past")
    if requested.secret is not None:
        raise _invalid("leave secret out: it is chosen here, at random")
    if requested.access_rules:
        raise _invalid("leave access_rules out: nothing here enforces them")
    return CredentialSpec(
        name=requested.name,
        description=requested.description or "",
        roles=frozenset(_role(reference, held) for reference in requested.roles) or None,
        expires_at=expires_at,
        unrestricted=bool(requested.unrestricted),
    )


def _role(reference: RoleReference, held: frozenset[str]) -> str:
    """The name of a role that the caller has, given by name or id."""
    for role in held:
        if role == reference.name or role_id(role) == reference.id:
            return role
    raise _invalid("Cannot create an application credential with unassigned role; name roles that your token has")


def _invalid(detail: str) -> RequestRefused:
    return malformed(f"Invalid application credential: {detail}.")


def _forbidden(what: str) -> str:
    return f"You are not authorized to perform the requested action: {what}"

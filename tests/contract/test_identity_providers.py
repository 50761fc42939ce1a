"""The contract of identity providers that issue tokens: each names a valid token's user and refuses all others."""

from dataclasses import dataclass

import pytest
from pydantic import SecretStr
from tests.fakes.memory_store import MemoryStore

from keyhole.config import IdentitySettings, UserSettings
from keyhole.errors import Forbidden, NotAuthenticated
from keyhole.identity.embedded.names import project_id_of, user_id_of
from keyhole.identity.embedded.passwords import hash_password
from keyhole.identity.embedded.provider import EmbeddedIdentity
from keyhole.identity.login_throttle import LoginThrottle
from keyhole.model import (
    ApplicationCredential,
    CredentialSignIn,
    IdentityToken,
    PasswordSignIn,
    Project,
    RequesterToken,
    Scope,
    TokenSignIn,
)
from keyhole.ports.identity import ApplicationCredentials, CredentialSpec, TokenIssuer

START = 1_700_000_000.0
LIFETIME_SECONDS = 600


class Clock:
    """A clock that only moves when told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def settings() -> IdentitySettings:
    return IdentitySettings(
        token_lifetime_seconds=LIFETIME_SECONDS,
        users=(
            UserSettings(name="ada", password_hash=SecretStr(hash_password(SecretStr("right"))), project="demo"),
            UserSettings(
                name="root",
                password_hash=SecretStr(hash_password(SecretStr("other"))),
                project="ops",
                roles=("admin", "auditor"),
            ),
        ),
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass(frozen=True)
class Provider:
    """The issuer of tokens, and the application credentials that it accepts."""

    issuer: TokenIssuer
    credentials: ApplicationCredentials


@pytest.fixture(params=["embedded"])
def provider(request: pytest.FixtureRequest, settings: IdentitySettings, clock: Clock) -> Provider:
    embedded = EmbeddedIdentity(settings, MemoryStore(), clock, LoginThrottle(clock))
    return Provider(embedded, embedded.credentials)


@pytest.fixture
def issuer(provider: Provider) -> TokenIssuer:
    return provider.issuer


@pytest.fixture
def credentials(provider: Provider) -> ApplicationCredentials:
    return provider.credentials


CLIENT = "192.0.2.7"


async def signed_in(
    issuer: TokenIssuer, scope: Scope | str = "demo", user: str = "ada", password: str = "right"
) -> tuple[str, IdentityToken]:
    """A token for a password."""
    return await issuer.issue(PasswordSignIn(user, SecretStr(password)), scope, CLIENT)


async def exchanged(issuer: TokenIssuer, token: str, scope: Scope | str) -> tuple[str, IdentityToken]:
    """A token for a token."""
    return await issuer.issue(TokenSignIn(SecretStr(token)), scope, CLIENT)


async def made(provider: Provider, spec: CredentialSpec | None = None) -> tuple[ApplicationCredential, SecretStr]:
    """An application credential of ada's."""
    _, holder = await signed_in(provider.issuer)
    found = await provider.credentials.create(holder, spec or CredentialSpec("robot"))
    assert found is not None
    return found


async def by_credential(
    issuer: TokenIssuer, credential: ApplicationCredential, secret: SecretStr
) -> tuple[str, IdentityToken]:
    """A token for an application credential."""
    return await issuer.issue(CredentialSignIn(credential.id, secret), Scope.OWN_PROJECT, CLIENT)


async def test_a_token_is_its_users_in_the_project(issuer: TokenIssuer) -> None:
    token, issued = await signed_in(issuer)
    assert await issuer.validate(token) == issued
    identity = issued.identity
    assert (identity.user_id, identity.user_name) == (user_id_of("ada"), "ada")
    assert (identity.project_id, identity.project_name) == (project_id_of("demo"), "demo")
    assert (identity.is_reader, identity.is_member, identity.is_admin) == (True, True, False)
    assert issued.methods == ("password",)
    assert (issued.issued_at, issued.expires_at) == (START, START + LIFETIME_SECONDS)


async def test_roles_are_carried_as_they_stand(issuer: TokenIssuer) -> None:
    _, issued = await signed_in(issuer, "ops", "root", "other")
    assert issued.identity.roles == {"admin", "auditor"}
    assert issued.identity.is_admin


async def test_user_and_project_may_be_named_by_id(issuer: TokenIssuer) -> None:
    _, by_name = await signed_in(issuer)
    _, by_id = await signed_in(issuer, project_id_of("demo"), user_id_of("ada"))
    assert by_id.identity == by_name.identity


async def test_without_a_choice_a_token_is_for_the_users_own_project(issuer: TokenIssuer) -> None:
    _, issued = await signed_in(issuer, Scope.OWN_PROJECT)
    assert issued.identity.project_name == "demo"


async def test_an_unscoped_token_has_no_project_and_no_roles(issuer: TokenIssuer) -> None:
    token, _ = await signed_in(issuer, Scope.UNSCOPED, "root", "other")
    identity = (await issuer.validate(token)).identity
    assert identity.user_name == "root"
    assert (identity.project_id, identity.project_name, identity.roles) == (None, None, frozenset())
    assert not identity.is_reader


async def test_the_projects_of_a_user_are_told(issuer: TokenIssuer) -> None:
    assert list(await issuer.projects_of(user_id_of("ada"))) == [Project(project_id_of("demo"), "demo")]
    assert list(await issuer.projects_of(user_id_of("nobody"))) == []


@pytest.mark.parametrize(
    ("user", "password", "project"),
    [
        ("ada", "wrong", "demo"),
        ("ada", "", "demo"),
        ("ada", "other", "demo"),
        ("nobody", "right", "demo"),
        ("", "right", "demo"),
        ("ada", "right", "ops"),
        ("ada", "right", "unknown"),
        ("ada", "right", " "),
        ("ada", "right", ""),
        ("ada", "right" * 100_000, "demo"),
        ("ada", "\ud800", "demo"),
        ("\ud800", "right", "demo"),
        ("ada", "right\0", "demo"),
    ],
)
async def test_every_refusal_is_the_same(issuer: TokenIssuer, user: str, password: str, project: str) -> None:
    with pytest.raises(NotAuthenticated) as caught:
        await signed_in(issuer, project, user, password)
    assert str(caught.value) == "The request you have made requires authentication."


async def test_tokens_differ_and_are_long(issuer: TokenIssuer) -> None:
    first, one = await signed_in(issuer)
    second, two = await signed_in(issuer)
    assert first != second
    assert one.audit_id != two.audit_id
    assert len(first) >= 43


@pytest.mark.parametrize("token", ["", "x", "\ud800", "x" * 100_000])
async def test_what_is_no_token_is_refused(issuer: TokenIssuer, token: str) -> None:
    with pytest.raises(NotAuthenticated):
        await issuer.validate(token)
    with pytest.raises(NotAuthenticated):
        await exchanged(issuer, token, "demo")


async def test_a_token_is_good_until_it_expires(issuer: TokenIssuer, clock: Clock) -> None:
    token, _ = await signed_in(issuer)
    clock.now = START + LIFETIME_SECONDS - 0.5
    await issuer.validate(token)
    clock.now = START + LIFETIME_SECONDS
    with pytest.raises(NotAuthenticated):
        await issuer.validate(token)


async def test_a_revoked_token_is_refused_at_once_and_only_it(issuer: TokenIssuer) -> None:
    token, _ = await signed_in(issuer)
    other, _ = await signed_in(issuer)
    await issuer.validate(token)
    await issuer.revoke(token)
    with pytest.raises(NotAuthenticated):
        await issuer.validate(token)
    await issuer.validate(other)


async def test_revoking_an_unknown_token_does_nothing(issuer: TokenIssuer) -> None:
    await issuer.revoke("unknown")


async def test_a_token_for_a_token_expires_with_it(issuer: TokenIssuer, clock: Clock) -> None:
    token, parent = await signed_in(issuer, Scope.UNSCOPED)
    clock.now += 100
    scoped, child = await exchanged(issuer, token, "demo")
    assert scoped != token
    assert (child.issued_at, child.expires_at) == (START + 100, parent.expires_at)
    assert child.methods == ("password", "token")
    assert child.identity.project_name == "demo"
    assert await issuer.validate(scoped) == child
    _, grandchild = await exchanged(issuer, scoped, Scope.UNSCOPED)
    assert grandchild.methods == ("password", "token")
    assert grandchild.identity.project_id is None


async def test_a_token_gets_no_project_that_its_user_has_not(issuer: TokenIssuer) -> None:
    token, _ = await signed_in(issuer, Scope.UNSCOPED)
    with pytest.raises(NotAuthenticated):
        await exchanged(issuer, token, "ops")


async def test_a_provider_that_is_well_has_no_troubles(issuer: TokenIssuer) -> None:
    assert list(await issuer.check()) == []


async def test_an_application_credential_signs_its_user_in(provider: Provider) -> None:
    credential, secret = await made(provider)
    token, issued = await by_credential(provider.issuer, credential, secret)
    assert await provider.issuer.validate(token) == issued
    assert (issued.identity.user_name, issued.identity.project_name) == ("ada", "demo")
    assert issued.identity.roles == {"member", "reader"}
    assert issued.methods == ("application_credential",)
    assert issued.application_credential_id == credential.id


@pytest.mark.parametrize("user", ["ada", user_id_of("ada")])
async def test_an_application_credential_may_be_given_by_name_and_user(provider: Provider, user: str) -> None:
    credential, secret = await made(provider)
    sign_in = CredentialSignIn(credential.name, secret, user)
    _, issued = await provider.issuer.issue(sign_in, Scope.OWN_PROJECT, CLIENT)
    assert issued.application_credential_id == credential.id


async def test_secrets_differ_and_are_long(provider: Provider) -> None:
    (_, first), (_, second) = await made(provider), await made(provider, CredentialSpec("another"))
    assert first != second
    assert len(first.get_secret_value()) >= 43


async def test_a_wrong_application_credential_is_refused_as_a_wrong_password_is(provider: Provider) -> None:
    credential, secret = await made(provider)
    wrong = (
        CredentialSignIn(credential.id, SecretStr("wrong")),
        CredentialSignIn("unknown", secret),
        CredentialSignIn(credential.name, secret),
        CredentialSignIn(credential.name, SecretStr("wrong"), "ada"),
        CredentialSignIn(credential.name, secret, "nobody"),
        CredentialSignIn(credential.name, secret, "root"),
    )
    for sign_in in wrong:
        with pytest.raises(NotAuthenticated) as caught:
            await provider.issuer.issue(sign_in, Scope.OWN_PROJECT, CLIENT)
        assert str(caught.value) == "The request you have made requires authentication."


@pytest.mark.parametrize("scope", ["demo", Scope.UNSCOPED])
async def test_an_application_credential_cannot_request_a_scope(provider: Provider, scope: Scope | str) -> None:
    credential, secret = await made(provider)
    with pytest.raises(NotAuthenticated, match="Application credentials cannot request a scope"):
        await provider.issuer.issue(CredentialSignIn(credential.id, secret), scope, CLIENT)


async def test_an_application_credential_has_no_more_roles_than_asked_for(provider: Provider) -> None:
    credential, secret = await made(provider, CredentialSpec("robot", roles=frozenset({"reader"})))
    _, issued = await by_credential(provider.issuer, credential, secret)
    assert issued.identity.roles == {"reader"}
    assert not issued.identity.is_member


async def test_an_application_credential_has_no_roles_that_its_maker_has_not(provider: Provider) -> None:
    _, holder = await signed_in(provider.issuer)
    with pytest.raises(Forbidden):
        await provider.credentials.create(holder, CredentialSpec("robot", roles=frozenset({"reader", "admin"})))
    assert list(await provider.credentials.list_of(holder.identity.user_id)) == []


async def test_an_application_credential_takes_a_project(provider: Provider) -> None:
    _, holder = await signed_in(provider.issuer, Scope.UNSCOPED)
    with pytest.raises(Forbidden):
        await provider.credentials.create(holder, CredentialSpec("robot"))


async def test_a_second_application_credential_of_a_name_is_none(provider: Provider) -> None:
    await made(provider)
    _, holder = await signed_in(provider.issuer)
    assert await provider.credentials.create(holder, CredentialSpec("robot")) is None
    assert len(await provider.credentials.list_of(holder.identity.user_id)) == 1


async def test_application_credentials_are_found_by_their_user_alone(provider: Provider) -> None:
    credential, _ = await made(provider)
    assert await provider.credentials.find(user_id_of("ada"), credential.id) == credential
    assert await provider.credentials.find(user_id_of("root"), credential.id) is None
    assert list(await provider.credentials.list_of(user_id_of("ada"))) == [credential]
    assert list(await provider.credentials.list_of(user_id_of("root"))) == []


async def test_a_deleted_application_credential_and_its_tokens_are_refused_at_once(provider: Provider) -> None:
    credential, secret = await made(provider)
    token, _ = await by_credential(provider.issuer, credential, secret)
    other, holder = await signed_in(provider.issuer)
    await provider.credentials.delete(holder, credential)
    with pytest.raises(NotAuthenticated):
        await provider.issuer.validate(token)
    with pytest.raises(NotAuthenticated):
        await by_credential(provider.issuer, credential, secret)
    await provider.issuer.validate(other)


async def test_an_application_credential_and_its_tokens_end_when_it_expires(provider: Provider, clock: Clock) -> None:
    credential, secret = await made(provider, CredentialSpec("robot", expires_at=START + 60))
    token, issued = await by_credential(provider.issuer, credential, secret)
    assert issued.expires_at == START + 60
    clock.now = START + 60
    with pytest.raises(NotAuthenticated):
        await provider.issuer.validate(token)
    with pytest.raises(NotAuthenticated):
        await by_credential(provider.issuer, credential, secret)


async def test_a_token_of_an_application_credential_is_not_exchanged(provider: Provider) -> None:
    credential, secret = await made(provider)
    token, _ = await by_credential(provider.issuer, credential, secret)
    with pytest.raises(Forbidden, match="Using a delegated token to create another token is not allowed"):
        await exchanged(provider.issuer, token, "demo")


@pytest.mark.parametrize("unrestricted", [False, True])
async def test_only_an_unrestricted_application_credential_manages_others(
    provider: Provider, unrestricted: bool
) -> None:
    credential, secret = await made(provider, CredentialSpec("robot", unrestricted=unrestricted))
    _, holder = await by_credential(provider.issuer, credential, secret)
    if unrestricted:
        assert await provider.credentials.create(holder, CredentialSpec("child")) is not None
        await provider.credentials.delete(holder, credential)
        return
    with pytest.raises(Forbidden, match="not allowed for managing additional application credentials"):
        await provider.credentials.create(holder, CredentialSpec("child"))
    with pytest.raises(Forbidden, match="not allowed for managing additional application credentials"):
        await provider.credentials.delete(holder, credential)
    assert [one.name for one in await provider.credentials.list_of(holder.identity.user_id)] == ["robot"]


async def test_the_child_of_an_application_credential_has_no_more_roles_than_it(provider: Provider) -> None:
    spec = CredentialSpec("robot", roles=frozenset({"reader"}), unrestricted=True)
    _, holder = await by_credential(provider.issuer, *await made(provider, spec))
    with pytest.raises(Forbidden):
        await provider.credentials.create(holder, CredentialSpec("child", roles=frozenset({"member"})))
    child = await provider.credentials.create(holder, CredentialSpec("child"))
    assert child is not None
    assert child[0].roles == {"reader"}


class TestWhoMayStillOpen:
    """Whether the requester of a console may still open it, according to the requester token."""

    @staticmethod
    async def may(issuer: TokenIssuer, requester: RequesterToken, project: str = "demo") -> bool:
        return await issuer.may_open(user_id_of("ada"), project_id_of(project), requester)

    async def test_whose_token_is_good(self, issuer: TokenIssuer) -> None:
        token, issued = await signed_in(issuer)
        requester = RequesterToken(token, issued.expires_at)
        assert await self.may(issuer, requester)
        assert not await self.may(issuer, requester, "ops")

    async def test_not_whose_token_was_revoked(self, issuer: TokenIssuer) -> None:
        token, issued = await signed_in(issuer)
        await issuer.revoke(token)
        assert not await self.may(issuer, RequesterToken(token, issued.expires_at))

    async def test_whose_token_expired(self, issuer: TokenIssuer, clock: Clock) -> None:
        token, issued = await signed_in(issuer)
        clock.now = issued.expires_at
        assert await self.may(issuer, RequesterToken(token, issued.expires_at))

    async def test_not_who_is_not_there_any_more(self, issuer: TokenIssuer) -> None:
        token, issued = await signed_in(issuer)
        requester = RequesterToken(token, issued.expires_at)
        assert not await issuer.may_open(user_id_of("nobody"), project_id_of("demo"), requester)

    async def test_not_whose_application_credential_was_deleted_though_the_token_expired_before(
        self, provider: Provider, clock: Clock
    ) -> None:
        credential, secret = await made(provider)
        token, issued = await by_credential(provider.issuer, credential, secret)
        requester = RequesterToken(token, issued.expires_at, credential.id)
        clock.now = issued.expires_at
        assert await self.may(provider.issuer, requester)
        _, holder = await signed_in(provider.issuer)
        await provider.credentials.delete(holder, credential)
        assert not await self.may(provider.issuer, requester)

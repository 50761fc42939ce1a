"""What every identity provider does that hands out tokens: say whose a good token is, and refuse all others alike."""

import pytest
from pydantic import SecretStr
from tests.fakes.memory_store import MemoryStore

from keyhole.config import IdentitySettings, UserSettings
from keyhole.errors import NotAuthenticated
from keyhole.identity.embedded import EmbeddedIdentity
from keyhole.identity.names import project_id_of, user_id_of
from keyhole.identity.passwords import hash_password
from keyhole.ports import OWN_PROJECT, UNSCOPED, TokenIssuer

START = 1_700_000_000.0
LIFETIME_SECONDS = 600


class Clock:
    """Stands still until it is moved."""

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


@pytest.fixture(params=["embedded"])
def issuer(request: pytest.FixtureRequest, settings: IdentitySettings, clock: Clock) -> TokenIssuer:
    return EmbeddedIdentity(settings, MemoryStore(), clock)


RIGHT = SecretStr("right")


async def test_a_token_is_its_users_in_the_project(issuer: TokenIssuer) -> None:
    token, issued = await issuer.issue_for_password("ada", RIGHT, "demo")
    assert await issuer.validate(token) == issued
    identity = issued.identity
    assert (identity.user_id, identity.user_name) == (user_id_of("ada"), "ada")
    assert (identity.project_id, identity.project_name) == (project_id_of("demo"), "demo")
    assert (identity.is_reader, identity.is_member, identity.is_admin) == (True, True, False)
    assert issued.methods == ("password",)
    assert (issued.issued_at, issued.expires_at) == (START, START + LIFETIME_SECONDS)


async def test_roles_are_carried_as_they_stand(issuer: TokenIssuer) -> None:
    _, issued = await issuer.issue_for_password("root", SecretStr("other"), "ops")
    assert issued.identity.roles == {"admin", "auditor"}
    assert issued.identity.is_admin


async def test_user_and_project_may_be_named_by_id(issuer: TokenIssuer) -> None:
    _, by_name = await issuer.issue_for_password("ada", RIGHT, "demo")
    _, by_id = await issuer.issue_for_password(user_id_of("ada"), RIGHT, project_id_of("demo"))
    assert by_id.identity == by_name.identity


async def test_without_a_choice_a_token_is_for_the_users_own_project(issuer: TokenIssuer) -> None:
    _, issued = await issuer.issue_for_password("ada", RIGHT, OWN_PROJECT)
    assert issued.identity.project_name == "demo"


async def test_an_unscoped_token_has_no_project_and_no_roles(issuer: TokenIssuer) -> None:
    token, _ = await issuer.issue_for_password("root", SecretStr("other"), UNSCOPED)
    identity = (await issuer.validate(token)).identity
    assert identity.user_name == "root"
    assert (identity.project_id, identity.project_name, identity.roles) == (None, None, frozenset())
    assert not identity.is_reader


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
        ("ada", "right" * 100_000, "demo"),
        ("ada", "\ud800", "demo"),
        ("\ud800", "right", "demo"),
        ("ada", "right\0", "demo"),
    ],
)
async def test_every_refusal_is_the_same(issuer: TokenIssuer, user: str, password: str, project: str) -> None:
    with pytest.raises(NotAuthenticated) as caught:
        await issuer.issue_for_password(user, SecretStr(password), project)
    assert str(caught.value) == "The request you have made requires authentication."


async def test_tokens_differ_and_are_long(issuer: TokenIssuer) -> None:
    first, one = await issuer.issue_for_password("ada", RIGHT, "demo")
    second, two = await issuer.issue_for_password("ada", RIGHT, "demo")
    assert first != second
    assert one.audit_id != two.audit_id
    assert len(first) >= 43


@pytest.mark.parametrize("token", ["", "x", "\ud800", "x" * 100_000])
async def test_what_is_no_token_is_refused(issuer: TokenIssuer, token: str) -> None:
    with pytest.raises(NotAuthenticated):
        await issuer.validate(token)
    with pytest.raises(NotAuthenticated):
        await issuer.issue_for_token(token, "demo")


async def test_a_token_is_good_until_it_expires(issuer: TokenIssuer, clock: Clock) -> None:
    token, _ = await issuer.issue_for_password("ada", RIGHT, "demo")
    clock.now = START + LIFETIME_SECONDS - 0.5
    await issuer.validate(token)
    clock.now = START + LIFETIME_SECONDS
    with pytest.raises(NotAuthenticated):
        await issuer.validate(token)


async def test_a_revoked_token_is_refused_at_once_and_only_it(issuer: TokenIssuer) -> None:
    token, _ = await issuer.issue_for_password("ada", RIGHT, "demo")
    other, _ = await issuer.issue_for_password("ada", RIGHT, "demo")
    await issuer.validate(token)
    await issuer.revoke(token)
    with pytest.raises(NotAuthenticated):
        await issuer.validate(token)
    await issuer.validate(other)


async def test_revoking_an_unknown_token_does_nothing(issuer: TokenIssuer) -> None:
    await issuer.revoke("unknown")


async def test_a_token_for_a_token_expires_with_it(issuer: TokenIssuer, clock: Clock) -> None:
    token, parent = await issuer.issue_for_password("ada", RIGHT, UNSCOPED)
    clock.now += 100
    scoped, child = await issuer.issue_for_token(token, "demo")
    assert scoped != token
    assert (child.issued_at, child.expires_at) == (START + 100, parent.expires_at)
    assert child.methods == ("password", "token")
    assert child.identity.project_name == "demo"
    assert await issuer.validate(scoped) == child
    _, grandchild = await issuer.issue_for_token(scoped, UNSCOPED)
    assert grandchild.methods == ("password", "token")
    assert grandchild.identity.project_id is None


async def test_a_token_gets_no_project_that_its_user_has_not(issuer: TokenIssuer) -> None:
    token, _ = await issuer.issue_for_password("ada", RIGHT, UNSCOPED)
    with pytest.raises(NotAuthenticated):
        await issuer.issue_for_token(token, "ops")


async def test_a_provider_that_is_well_has_no_troubles(issuer: TokenIssuer) -> None:
    assert list(await issuer.troubles()) == []

"""The contract of all stores: they keep grants, identity tokens and credentials, and redeem a grant once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from tests.fakes.memory_store import MemoryStore

from keyhole.model import ApplicationCredential, ConsoleType, Grant, Identity, IdentityToken, Rights
from keyhole.ports.stores import CredentialStore, GrantStore, TokenStore
from keyhole.store.sql.store import SqlStore

NOW = 1_700_000_000.25

GRANT = Grant(
    token_hash="ab" * 32,
    user_id="u1",
    user_name="Ünal",
    project_id="p1",
    server_id="s1",
    server_name='vm "1" \x1f',
    console_type=ConsoleType.SPICE_HTML5,
    address="tcp://[::1]:5900",
    rights=Rights.WATCH,
    created_at=NOW - 10,
    expires_at=NOW + 590.5,
    sealed_requester="gAAAAABl",
    driver="kvm-west",
)

TOKEN = IdentityToken(
    token_hash="cd" * 32,
    identity=Identity("u1", "Ünal", "p1", "project", frozenset({"member", "reader"})),
    methods=("password", "token"),
    audit_id="audit",
    issued_at=NOW - 1,
    expires_at=NOW + 3600,
)

CREDENTIAL = ApplicationCredential(
    id="c1",
    user_id="u1",
    name="Müller's \x1f robot",
    secret_hash="ef" * 32,
    project_id="p1",
    roles=frozenset({"reader", "member"}),
    created_at=NOW,
    expires_at=NOW + 60.5,
    description="turns the lights on",
    unrestricted=True,
)


class Store(GrantStore, TokenStore, CredentialStore, Protocol):
    """All in one."""


@pytest.fixture(params=["sql", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
    else:
        async with SqlStore.open(f"sqlite:///{tmp_path}/keyhole.db") as sql_store:
            yield sql_store


async def test_a_grant_is_found_as_it_was_added(store: Store) -> None:
    await store.add_grant(GRANT)
    assert await store.find_grant(GRANT.token_hash) == GRANT


async def test_a_grant_that_was_never_added_is_none(store: Store) -> None:
    await store.add_grant(GRANT)
    assert await store.find_grant("00" * 32) is None
    assert await store.redeem_grant("00" * 32, NOW, reusable=False) is None


async def test_a_grant_is_redeemed_once(store: Store) -> None:
    await store.add_grant(GRANT)
    used = replace(GRANT, redeemed_at=NOW)
    assert await store.redeem_grant(GRANT.token_hash, NOW, reusable=False) == used
    assert await store.redeem_grant(GRANT.token_hash, NOW + 1, reusable=False) is None
    assert await store.find_grant(GRANT.token_hash) == used


async def test_of_many_redemptions_at_once_one_wins(store: Store) -> None:
    await store.add_grant(GRANT)
    answers = await asyncio.gather(*(store.redeem_grant(GRANT.token_hash, NOW, reusable=False) for _ in range(20)))
    assert sum(answer is not None for answer in answers) == 1


async def test_redeeming_one_grant_leaves_the_others(store: Store) -> None:
    other = replace(GRANT, token_hash="ef" * 32)
    await store.add_grant(GRANT)
    await store.add_grant(other)
    await store.redeem_grant(GRANT.token_hash, NOW, reusable=False)
    assert await store.find_grant(other.token_hash) == other


async def test_a_reusable_grant_is_redeemed_until_it_expires(store: Store) -> None:
    await store.add_grant(GRANT)
    for now in (NOW, NOW + 1, GRANT.expires_at - 0.5):
        assert await store.redeem_grant(GRANT.token_hash, now, reusable=True) == replace(GRANT, redeemed_at=now)
    assert await store.redeem_grant(GRANT.token_hash, GRANT.expires_at, reusable=True) is None


@pytest.mark.parametrize("reusable", [False, True])
async def test_a_grant_is_not_good_from_its_expiry_on(store: Store, reusable: bool) -> None:
    await store.add_grant(GRANT)
    assert await store.redeem_grant(GRANT.token_hash, GRANT.expires_at, reusable=reusable) is None
    assert await store.find_grant(GRANT.token_hash) == GRANT


async def test_a_released_grant_is_redeemed_again(store: Store) -> None:
    await store.add_grant(GRANT)
    await store.redeem_grant(GRANT.token_hash, NOW, reusable=False)
    await store.release_grant(GRANT.token_hash)
    assert await store.find_grant(GRANT.token_hash) == GRANT
    assert await store.redeem_grant(GRANT.token_hash, NOW + 1, reusable=False) is not None


async def test_releasing_an_unknown_grant_does_nothing(store: Store) -> None:
    await store.release_grant("00" * 32)


async def test_sweeping_deletes_grants_that_expired_before(store: Store) -> None:
    await store.add_grant(GRANT)
    await store.add_grant(replace(GRANT, token_hash="01" * 32, expires_at=NOW - 1))
    await store.add_grant(replace(GRANT, token_hash="02" * 32, expires_at=NOW - 2))
    assert await store.sweep_grants(NOW) == 2
    assert await store.sweep_grants(NOW) == 0
    assert await store.find_grant("01" * 32) is None
    assert await store.find_grant(GRANT.token_hash) == GRANT


async def test_a_token_is_found_as_it_was_added(store: Store) -> None:
    await store.add_token(TOKEN)
    assert await store.find_token(TOKEN.token_hash, NOW) == TOKEN


async def test_an_unscoped_token_without_roles_is_found_as_it_was_added(store: Store) -> None:
    token = replace(TOKEN, identity=Identity("u1", "Ünal"))
    await store.add_token(token)
    assert await store.find_token(TOKEN.token_hash, NOW) == token


async def test_a_token_of_a_credential_is_found_as_it_was_added(store: Store) -> None:
    token = replace(TOKEN, application_credential_id="c1")
    await store.add_token(token)
    assert await store.find_token(TOKEN.token_hash, NOW) == token


async def test_an_unknown_token_is_none(store: Store) -> None:
    await store.add_token(TOKEN)
    assert await store.find_token("00" * 32, NOW) is None


async def test_a_token_is_not_good_from_its_expiry_on(store: Store) -> None:
    await store.add_token(TOKEN)
    assert await store.find_token(TOKEN.token_hash, TOKEN.expires_at - 0.5) == TOKEN
    assert await store.find_token(TOKEN.token_hash, TOKEN.expires_at) is None


async def test_a_revoked_token_is_gone_at_once(store: Store) -> None:
    other = replace(TOKEN, token_hash="ef" * 32)
    await store.add_token(TOKEN)
    await store.add_token(other)
    await store.revoke_token(TOKEN.token_hash)
    await store.revoke_token("00" * 32)
    assert await store.find_token(TOKEN.token_hash, NOW) is None
    assert await store.find_token(other.token_hash, NOW) == other


async def test_sweeping_deletes_tokens_that_expired_before(store: Store) -> None:
    await store.add_token(TOKEN)
    await store.add_token(replace(TOKEN, token_hash="01" * 32, expires_at=NOW - 1))
    assert await store.sweep_tokens(NOW) == 1
    assert await store.find_token("01" * 32, NOW - 5) is None
    assert await store.find_token(TOKEN.token_hash, NOW) == TOKEN


async def test_a_credential_is_found_as_it_was_added(store: Store) -> None:
    assert await store.add_credential(CREDENTIAL)
    assert await store.find_credential("c1") == CREDENTIAL


async def test_a_credential_without_end_or_roles_is_found_as_it_was_added(store: Store) -> None:
    bare = replace(CREDENTIAL, expires_at=None, roles=frozenset(), description="", unrestricted=False)
    await store.add_credential(bare)
    assert await store.find_credential("c1") == bare


async def test_an_unknown_credential_is_none(store: Store) -> None:
    await store.add_credential(CREDENTIAL)
    assert await store.find_credential("c2") is None
    assert list(await store.list_credentials("u2")) == []


async def test_a_user_has_one_credential_of_a_name(store: Store) -> None:
    await store.add_credential(CREDENTIAL)
    assert not await store.add_credential(replace(CREDENTIAL, id="c2"))
    assert await store.find_credential("c2") is None
    assert await store.find_credential("c1") == CREDENTIAL
    assert await store.add_credential(replace(CREDENTIAL, id="c2", user_id="u2"))
    assert await store.add_credential(replace(CREDENTIAL, id="c3", name="another"))


async def test_of_many_credentials_of_one_name_at_once_one_is_added(store: Store) -> None:
    added = await asyncio.gather(*(store.add_credential(replace(CREDENTIAL, id=f"c{n}")) for n in range(20)))
    assert sum(added) == 1


async def test_a_users_credentials_are_listed_the_oldest_first(store: Store) -> None:
    newer = replace(CREDENTIAL, id="c0", name="newer", created_at=NOW + 1)
    for credential in (newer, replace(CREDENTIAL, id="c9", user_id="u2"), CREDENTIAL):
        await store.add_credential(credential)
    assert list(await store.list_credentials("u1")) == [CREDENTIAL, newer]


async def test_a_deleted_credential_is_gone_at_once_and_its_name_is_free(store: Store) -> None:
    await store.add_credential(CREDENTIAL)
    await store.add_credential(replace(CREDENTIAL, id="c2", name="another"))
    await store.delete_credential("c1")
    await store.delete_credential("unknown")
    assert await store.find_credential("c1") is None
    assert await store.find_credential("c2") is not None
    assert await store.add_credential(replace(CREDENTIAL, id="c3"))

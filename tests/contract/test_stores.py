"""What every store does: keep grants and identity tokens, and let a grant be redeemed once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from tests.fakes.memory_store import MemoryStore

from keyhole.model import ConsoleType, Grant, Identity, IdentityToken, Rights
from keyhole.ports import GrantStore, TokenStore
from keyhole.store.sql import SqlStore

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
)

TOKEN = IdentityToken(
    token_hash="cd" * 32,
    identity=Identity("u1", "Ünal", "p1", "project", frozenset({"member", "reader"})),
    methods=("password", "token"),
    audit_id="audit",
    issued_at=NOW - 1,
    expires_at=NOW + 3600,
)


class Store(GrantStore, TokenStore, Protocol):
    """Both in one."""


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

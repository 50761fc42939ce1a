"""Password hashes and how they are verified."""

import pytest
from pydantic import SecretStr

from keyhole.identity.embedded.passwords import _DUMMY_HASH, hash_password, is_hash, verify


@pytest.fixture(scope="module")
def right_hash() -> SecretStr:
    return SecretStr(hash_password(SecretStr("right")))


def test_a_hash_is_argon2id_with_the_recommended_parameters(right_hash: SecretStr) -> None:
    assert right_hash.get_secret_value().startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_two_hashes_of_one_password_differ(right_hash: SecretStr) -> None:
    assert hash_password(SecretStr("right")) != right_hash.get_secret_value()


async def test_only_the_right_password_belongs_to_a_hash(right_hash: SecretStr) -> None:
    assert await verify(SecretStr("right"), right_hash)
    assert not await verify(SecretStr("Right"), right_hash)


async def test_no_password_belongs_to_no_hash() -> None:
    assert not await verify(SecretStr(""), None)


async def test_a_password_that_is_not_utf8_is_hashed_and_verified() -> None:
    odd = SecretStr("\ud800")
    assert await verify(odd, SecretStr(hash_password(odd)))


def test_what_is_a_hash(right_hash: SecretStr) -> None:
    assert is_hash(right_hash)
    assert is_hash(_DUMMY_HASH)
    for text in ("", "right", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv", right_hash.get_secret_value()[:20]):
        assert not is_hash(SecretStr(text))


def test_nobodys_hash_costs_what_a_new_hash_costs(right_hash: SecretStr) -> None:
    def shape(text: SecretStr) -> list[str]:
        fields = text.get_secret_value().split("$")
        return [*fields[:4], *(str(len(field)) for field in fields[4:])]

    assert shape(_DUMMY_HASH) == shape(right_hash)

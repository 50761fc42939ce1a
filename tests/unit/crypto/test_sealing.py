"""A sealed token can only be unsealed with its secret."""

import pytest

from keyhole.core.links import hash_token
from keyhole.crypto.sealing import seal, unseal
from keyhole.model import RequesterToken

WARRANT = RequesterToken("an-identity-token", 1_700_000_000.5, "credential")


@pytest.mark.parametrize("requester", [WARRANT, RequesterToken("gAAAA" * 50, 0.0), RequesterToken('"\x1fü', 1.0)])
def test_who_has_the_secret_opens_it(requester: RequesterToken) -> None:
    assert unseal(seal(requester, "secret"), "secret") == requester


@pytest.mark.parametrize("secret", ["", "other", "secret ", hash_token("secret")])
def test_nobody_else_does(secret: str) -> None:
    assert unseal(seal(WARRANT, "secret"), secret) is None


@pytest.mark.parametrize("sealed", ["", "x", "gAAAAABl"])
def test_what_was_never_sealed_is_nothing(sealed: str) -> None:
    assert unseal(sealed, "secret") is None


def test_what_is_kept_does_not_show_what_it_is() -> None:
    sealed = seal(WARRANT, "secret")
    assert WARRANT.token not in sealed
    assert sealed != seal(WARRANT, "secret")
    assert WARRANT.token not in repr(WARRANT)

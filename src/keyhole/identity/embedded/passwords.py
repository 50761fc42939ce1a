"""Password hashes: argon2id with the parameters that RFC 9106, section 4, recommends where memory is scarce.

A verification deliberately takes 64 MiB and tens of milliseconds; it runs in a thread.
"""

import asyncio
from base64 import b64encode

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY
from pydantic import SecretStr

MAX_PASSWORD_CHARACTERS = 4096

_HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


def bytes_of(password: SecretStr) -> bytes:
    """The password in UTF-8; lone surrogates, which JSON allows and UTF-8 does not, are not an error here."""
    return password.get_secret_value().encode("utf-8", "surrogatepass")


def hash_password(password: SecretStr) -> str:
    """The hash to write into the settings. Takes as long as a verification."""
    return _HASHER.hash(bytes_of(password))


def is_hash(text: SecretStr) -> bool:
    """Whether this is an argon2 hash in its usual form (`$argon2id$v=19$m=...`)."""
    try:
        extract_parameters(text.get_secret_value())
    except InvalidHashError:
        return False
    return True


async def verify(password: SecretStr, expected: SecretStr | None) -> bool:
    """Whether the password belongs to the hash, outside the event loop.

    Without a hash it takes the same time and is False.
    """
    return await asyncio.to_thread(_matches, password, expected or _DUMMY_HASH) and expected is not None


def _matches(password: SecretStr, expected: SecretStr) -> bool:
    try:
        return _HASHER.verify(expected.get_secret_value(), bytes_of(password))
    except VerificationError:
        return False


def _make_dummy_hash() -> SecretStr:
    """A well-formed hash with the current parameters for which nobody knows a password."""
    profile = RFC_9106_LOW_MEMORY
    salt, digest = (b64encode(bytes(size)).decode().rstrip("=") for size in (profile.salt_len, profile.hash_len))
    parameters = f"m={profile.memory_cost},t={profile.time_cost},p={profile.parallelism}"
    return SecretStr(f"$argon2id$v={profile.version}${parameters}${salt}${digest}")


_DUMMY_HASH = _make_dummy_hash()

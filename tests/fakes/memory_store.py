"""A store in memory, for tests of what stands above a store; held to the stores' contract."""

from collections.abc import Sequence
from dataclasses import replace

from keyhole.model import ApplicationCredential, Grant, IdentityToken


class MemoryStore:
    """A `GrantStore`, a `TokenStore` and a `CredentialStore` in dictionaries."""

    def __init__(self) -> None:
        self.grants: dict[str, Grant] = {}
        self.tokens: dict[str, IdentityToken] = {}
        self.credentials: dict[str, ApplicationCredential] = {}

    async def add_grant(self, grant: Grant) -> None:
        assert grant.token_hash not in self.grants
        self.grants[grant.token_hash] = grant

    async def find_grant(self, token_hash: str) -> Grant | None:
        return self.grants.get(token_hash)

    async def redeem_grant(self, token_hash: str, now: float, *, reusable: bool) -> Grant | None:
        grant = self.grants.get(token_hash)
        if grant is None or grant.expires_at <= now or (grant.redeemed_at is not None and not reusable):
            return None
        self.grants[token_hash] = replace(grant, redeemed_at=now)
        return self.grants[token_hash]

    async def release_grant(self, token_hash: str) -> None:
        if token_hash in self.grants:
            self.grants[token_hash] = replace(self.grants[token_hash], redeemed_at=None)

    async def sweep_grants(self, expired_before: float) -> int:
        gone = [key for key, grant in self.grants.items() if grant.expires_at < expired_before]
        for key in gone:
            del self.grants[key]
        return len(gone)

    async def add_token(self, token: IdentityToken) -> None:
        self.tokens[token.token_hash] = token

    async def find_token(self, token_hash: str, now: float) -> IdentityToken | None:
        token = self.tokens.get(token_hash)
        return token if token is not None and token.expires_at > now else None

    async def revoke_token(self, token_hash: str) -> None:
        self.tokens.pop(token_hash, None)

    async def sweep_tokens(self, expired_before: float) -> int:
        gone = [key for key, token in self.tokens.items() if token.expires_at < expired_before]
        for key in gone:
            del self.tokens[key]
        return len(gone)

    async def add_credential(self, credential: ApplicationCredential) -> bool:
        if any(credential.name == other.name for other in await self.list_credentials(credential.user_id)):
            return False
        self.credentials[credential.id] = credential
        return True

    async def find_credential(self, credential_id: str) -> ApplicationCredential | None:
        return self.credentials.get(credential_id)

    async def list_credentials(self, user_id: str) -> Sequence[ApplicationCredential]:
        owned = [credential for credential in self.credentials.values() if credential.user_id == user_id]
        return sorted(owned, key=lambda credential: (credential.created_at, credential.id))

    async def delete_credential(self, credential_id: str) -> None:
        self.credentials.pop(credential_id, None)

    async def troubles(self) -> Sequence[str]:
        return []

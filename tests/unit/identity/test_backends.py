from pydantic import SecretStr
from tests.fakes.memory_store import MemoryStore

from keyhole.config import IdentitySettings
from keyhole.identity.backends import open_backend
from keyhole.identity.embedded import EmbeddedIdentity
from keyhole.identity.keystone import KeystoneIdentity
from keyhole.identity.names import project_id_of


async def test_the_embedded_one_issues_tokens_below_the_public_url() -> None:
    async with open_backend(IdentitySettings(), "https://c.example", MemoryStore(), lambda: 0.0) as backend:
        assert isinstance(backend.issuer, EmbeddedIdentity)
        assert backend.provider is backend.issuer
        assert backend.credentials is backend.issuer.credentials
        assert backend.url == "https://c.example/identity"
        assert backend.project_id_of("demo") == project_id_of("demo")


async def test_a_keystone_issues_them_itself() -> None:
    settings = IdentitySettings(
        backend="keystone",
        auth_url="http://127.0.0.1:1/v3",
        username="keyhole",
        password=SecretStr("x"),
        project_name="service",
    )
    async with open_backend(settings, "https://c.example", MemoryStore(), lambda: 0.0) as backend:
        assert isinstance(backend.provider, KeystoneIdentity)
        assert (backend.issuer, backend.credentials) == (None, None)
        assert backend.url == "http://127.0.0.1:1"
        assert backend.project_id_of("ab" * 16) == "ab" * 16

"""Contexts from files: what is checked, what is refused, and when they are created again."""

import os
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from keyhole.errors import TlsUnusable
from keyhole.model import TargetTls, VencryptSubtype
from keyhole.net.tls_client import ClientContexts, client_context


@pytest.fixture
def tls(tmp_path: Path) -> TargetTls:
    return written(tmp_path)


def written(folder: Path) -> TargetTls:
    """A CA and a client's certificate and key, written to the folder."""
    authority = trustme.CA()
    pair = authority.issue_cert("keyhole.example")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    pair.cert_chain_pems[0].write_to_path(folder / "client.pem")
    pair.private_key_pem.write_to_path(folder / "client-key.pem")
    return TargetTls(
        ca=folder / "ca.pem", certificate=folder / "client.pem", key=folder / "client-key.pem", server_name="hv1"
    )


def test_certificate_and_name_are_checked_and_old_tls_is_not_spoken(tls: TargetTls) -> None:
    context = client_context(tls)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert len(context.get_ca_certs()) == 1


def test_without_an_authority_the_systems_are_trusted() -> None:
    context = client_context(TargetTls())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_insecure_checks_nothing() -> None:
    context = client_context(TargetTls(insecure=True))
    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname


def test_anonymous_tls_is_encrypted_all_the_same() -> None:
    context = client_context(TargetTls(VencryptSubtype.TLSNONE))
    assert context.maximum_version == ssl.TLSVersion.TLSv1_2
    spoken = [cipher for cipher in context.get_ciphers() if cipher["protocol"] != "TLSv1.3"]
    assert spoken
    assert all(cipher["auth"] == "auth-null" and cipher["strength_bits"] >= 128 for cipher in spoken)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("ca.pem", None, r"^ca: .*/ca.pem: No such file"),
        ("ca.pem", "", r"^ca: .*/ca.pem: contains no PEM certificate$"),
        ("client.pem", None, r"^certificate: .*/client.pem: cannot be read$"),
        ("client-key.pem", None, r"^key: .*/client-key.pem: cannot be read$"),
        ("client.pem", "nonsense", "^certificate, key: not a PEM certificate chain"),
        ("client-key.pem", "nonsense", "^certificate, key: not a PEM certificate chain"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    tmp_path: Path, tls: TargetTls, name: str, content: str | None, words: str
) -> None:
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(content)
    with pytest.raises(TlsUnusable, match=words):
        client_context(tls)


def test_a_key_belongs_to_its_certificate(tmp_path: Path, tls: TargetTls) -> None:
    (tmp_path / "other").mkdir()
    written(tmp_path / "other")
    os.replace(tmp_path / "other" / "client-key.pem", tmp_path / "client-key.pem")
    with pytest.raises(TlsUnusable, match="that belongs to it"):
        client_context(tls)


def test_a_key_with_a_passphrase_is_an_error_and_not_a_question(tmp_path: Path, tls: TargetTls) -> None:
    path = tmp_path / "client-key.pem"
    key = load_pem_private_key(path.read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    path.write_bytes(locked)
    with pytest.raises(TlsUnusable, match="without passphrase"):
        client_context(tls)


class TestRotation:
    def test_files_that_stay_are_read_once(self, tls: TargetTls) -> None:
        contexts = ClientContexts()
        assert contexts.context_for(tls) is contexts.context_for(tls)

    @pytest.mark.parametrize("name", ["ca.pem", "client.pem", "client-key.pem"])
    def test_a_file_that_changes_makes_a_new_context(self, tmp_path: Path, tls: TargetTls, name: str) -> None:
        contexts = ClientContexts()
        before = contexts.context_for(tls)
        os.utime(tmp_path / name, ns=(0, 0))
        after = contexts.context_for(tls)
        assert after is not before
        assert contexts.context_for(tls) is after

    def test_a_file_that_is_replaced_at_the_same_time_counts_as_changed(self, tmp_path: Path, tls: TargetTls) -> None:
        contexts = ClientContexts()
        os.utime(tmp_path / "ca.pem", ns=(0, 0))
        before = contexts.context_for(tls)
        (tmp_path / "new.pem").write_bytes((tmp_path / "ca.pem").read_bytes())
        os.utime(tmp_path / "new.pem", ns=(0, 0))
        os.replace(tmp_path / "new.pem", tmp_path / "ca.pem")
        assert contexts.context_for(tls) is not before

    def test_files_that_went_bad_are_an_error_until_they_are_good(self, tmp_path: Path, tls: TargetTls) -> None:
        contexts = ClientContexts()
        contexts.context_for(tls)
        (tmp_path / "ca.pem").write_text("half")
        for _ in range(2):
            with pytest.raises(TlsUnusable, match="ca"):
                contexts.context_for(tls)
        written(tmp_path)
        contexts.context_for(tls)

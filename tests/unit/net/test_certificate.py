"""A certificate that changes under a running service."""

from pathlib import Path

import pytest
import trustme

from keyhole.errors import SettingsError
from keyhole.net.certificate import Certificate, certificate_of


def write(folder: Path) -> trustme.LeafCert:
    leaf = trustme.CA().issue_cert("127.0.0.1")
    (folder / "chain.pem").write_bytes(leaf.cert_chain_pems[0].bytes())
    (folder / "key.pem").write_bytes(leaf.private_key_pem.bytes())
    return leaf


def test_nothing_changes_while_the_files_do_not(tmp_path: Path) -> None:
    write(tmp_path)
    certificate = Certificate(tmp_path / "chain.pem", tmp_path / "key.pem")
    before = certificate.context
    assert not certificate.refresh()
    assert certificate.context is before


def test_a_half_written_pair_is_complained_of_once_and_then_taken(tmp_path: Path) -> None:
    write(tmp_path)
    certificate = Certificate(tmp_path / "chain.pem", tmp_path / "key.pem")
    before = certificate.context
    leaf = trustme.CA().issue_cert("127.0.0.1")
    (tmp_path / "chain.pem").write_bytes(leaf.cert_chain_pems[0].bytes())
    with pytest.raises(SettingsError, match=r"server\.tls_certificate, server\.tls_key: not a PEM"):
        certificate.refresh()
    assert not certificate.refresh()
    (tmp_path / "key.pem").unlink()
    with pytest.raises(SettingsError, match=r"key\.pem: No such file"):
        certificate.refresh()
    assert certificate.context is before
    (tmp_path / "key.pem").write_bytes(leaf.private_key_pem.bytes())
    assert certificate.refresh()
    assert certificate.context is not before
    assert not certificate.refresh()


def test_settings_without_a_certificate() -> None:
    assert certificate_of(None, None) is None

"""TLS towards hypervisors: client contexts from files in the settings, created again when the files change."""

import os
import ssl
from collections.abc import Sequence
from pathlib import Path

from keyhole.errors import TlsUnusable
from keyhole.model import TargetTls

# Anonymous Diffie-Hellman, never without encryption. OpenSSL only offers it at security level 0, and not in TLS 1.3.
ANONYMOUS_CIPHERS = "aNULL:!eNULL:@SECLEVEL=0"


class ClientContexts:
    """Contexts by their settings, cached while their files stay the same: certificates rotate without a restart."""

    def __init__(self) -> None:
        self._made: dict[TargetTls, tuple[Sequence[object], ssl.SSLContext]] = {}

    def context_for(self, tls: TargetTls) -> ssl.SSLContext:
        """The context for these settings. Blocks while files are read. Raises TlsUnusable."""
        stamps = [_stamp(path) for path in (tls.ca, tls.certificate, tls.key) if path is not None]
        known = self._made.get(tls)
        if known is not None and known[0] == stamps:
            return known[1]
        context = client_context(tls)
        self._made[tls] = (stamps, context)
        return context


def client_context(tls: TargetTls) -> ssl.SSLContext:
    """A client's context: TLS 1.2 or later, the server's certificate and name checked. Raises TlsUnusable."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not tls.is_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.subtype.is_anonymous:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ANONYMOUS_CIPHERS)
    elif tls.ca is not None:
        _load_authorities(context, tls.ca)
    elif not tls.insecure:
        context.load_default_certs()
    if tls.certificate is not None and tls.key is not None:
        _load_pair(context, tls.certificate, tls.key)
    return context


def _load_authorities(context: ssl.SSLContext, ca: Path) -> None:
    try:
        context.load_verify_locations(ca)
    except ssl.SSLError as error:
        raise TlsUnusable(f"ca: {ca}: contains no PEM certificate") from error
    except OSError as error:
        raise TlsUnusable(f"ca: {ca}: {error.strerror}") from error


def _load_pair(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    for name, path in (("certificate", certificate), ("key", key)):
        if not os.access(path, os.R_OK):
            raise TlsUnusable(f"{name}: {path}: cannot be read")
    try:
        # An empty passphrase: a key that requires one is an error, not a prompt on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, ValueError) as error:
        message = (
            "certificate, key: not a PEM certificate chain and the private key, without passphrase, that belongs to it"
        )
        raise TlsUnusable(message) from error
    except OSError as error:
        raise TlsUnusable(f"certificate, key: {error.strerror}") from error


def _stamp(path: Path) -> object:
    """A value that changes with the file's contents; None if the file does not exist."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_ino, facts.st_size

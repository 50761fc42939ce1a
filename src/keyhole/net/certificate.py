"""The service's certificate, for TLS 1.2 or later with session tickets. Changed files take effect without a reload.

A connection keeps the certificate that it began with; a new certificate is for new connections.
"""

import os
import ssl
from pathlib import Path

from keyhole.errors import SettingsError

Stamp = tuple[tuple[int, int, int], ...]


class Certificate:
    """A PEM certificate chain and its private key, RSA or ECDSA. Raises SettingsError if they cannot be used."""

    def __init__(self, chain: Path, key: Path) -> None:
        self._files = (chain, key)
        self._stamp = self._read_stamp()
        self._rejected: Stamp | None = None
        self.context = self._load()
        """The TLS context of the next connection."""

    def refresh(self) -> bool:
        """Checks for changed files and returns whether there is a new certificate from now on.

        While the files are incomplete, or do not belong together, the old certificate stays. In this case SettingsError
        is raised, once for each state of the files.
        """
        stamp = self._read_stamp()
        if stamp == self._stamp:
            return False
        try:
            self.context = self._load()
        except SettingsError:
            if stamp == self._rejected:
                return False
            self._rejected = stamp
            raise
        self._stamp = stamp
        return True

    def _read_stamp(self) -> Stamp:
        """A value that changes whenever the files do."""
        found = []
        for path in self._files:
            try:
                status = path.stat()
            except OSError:
                found.append((0, 0, 0))
            else:
                found.append((status.st_ino, status.st_size, status.st_mtime_ns))
        return tuple(found)

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        # All ciphers are strong, so the client may choose the one that is cheapest for it.
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
        chain, key = self._files
        try:
            context.load_cert_chain(chain, key)
        except ssl.SSLError as error:
            raise SettingsError(
                "server.tls_certificate, server.tls_key: not a PEM certificate chain and the private key that belongs"
                " to it"
            ) from error
        except OSError as error:
            missing = next((path for path in self._files if not os.access(path, os.R_OK)), chain)
            raise SettingsError(f"server.tls_certificate, server.tls_key: {missing}: {error.strerror}") from error
        return context


def certificate_of(chain: Path | None, key: Path | None) -> Certificate | None:
    """The certificate of the settings, None if they name none. Raises SettingsError."""
    return None if chain is None or key is None else Certificate(chain, key)

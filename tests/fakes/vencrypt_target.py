"""A VNC server with VeNCrypt, which violates the protocol in the ways that a test requests."""

import asyncio
import ssl
from dataclasses import dataclass, field

import trustme
from tests.fakes.rfb_target import SERVER_INIT

X509NONE, X509VNC, X509PLAIN = 260, 261, 262
CHALLENGE = bytes(range(16))


def server_context(authority: trustme.CA, *names: str, client_authority: trustme.CA | None = None) -> ssl.SSLContext:
    """A server's TLS context with a certificate for these names, which may require client certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    if client_authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        client_authority.configure_trust(context)
    return context


@dataclass
class VencryptServer:
    """Use `serve` as the script of `rfb_target.listening`. `heard` are the clients' bytes under TLS, `chosen` how often
    each subtype was requested.
    """

    context: ssl.SSLContext
    offers: tuple[int, ...] = (X509NONE,)
    injected: bytes = b""
    """Sent in the clear, together with the agreement to start TLS."""
    instead_of_tls: bytes | None = None
    """Sent where TLS should begin; b"" hangs up."""
    result: bytes = bytes(4)
    last_words: bytes | None = None
    """All that is said under TLS, at once, before it hangs up."""
    silent: bool = False
    """Says nothing under TLS."""
    heard: bytearray = field(default_factory=bytearray)
    chosen: list[int] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"RFB 003.008\n")
        await reader.readexactly(12)
        writer.write(b"\1\x13")
        await reader.readexactly(1)
        writer.write(b"\0\2")
        await reader.readexactly(2)
        offers = b"".join(offer.to_bytes(4, "big") for offer in self.offers)
        writer.write(b"\0" + bytes((len(self.offers),)) + offers)
        self.chosen.append(int.from_bytes(await reader.readexactly(4), "big"))
        writer.write(b"\1" + self.injected)
        if self.instead_of_tls is not None:
            writer.write(self.instead_of_tls)
            if self.instead_of_tls:
                await reader.read()
            return
        try:
            await writer.start_tls(self.context)
        except ssl.SSLError:
            return  # the client does not like what it sees
        if self.last_words is not None:
            writer.write(self.last_words)
            return
        if self.silent:
            await reader.read()
            return
        await self._authenticate(reader, writer)
        writer.write(self.result)
        self.heard += await reader.readexactly(1)
        writer.write(SERVER_INIT)
        while data := await reader.read(65536):
            writer.write(data)

    async def _authenticate(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match self.chosen[-1]:
            case 261:
                writer.write(CHALLENGE)
                self.heard += await reader.readexactly(16)
            case 262:
                lengths = await reader.readexactly(8)
                sizes = int.from_bytes(lengths[:4], "big"), int.from_bytes(lengths[4:], "big")
                self.heard += lengths + await reader.readexactly(sum(sizes))

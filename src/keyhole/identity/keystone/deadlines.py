"""HTTP requests that end at a deadline, however slowly the other side sends.

Socket timeouts restart with each byte, so a response that trickles in would never time out. Here the timeout of a
request applies to its whole response, and all requests of a call share that call's deadline.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from socket import socket
from typing import Any

from keystoneauth1.session import TCPKeepAliveAdapter
from requests import PreparedRequest, Response
from requests.exceptions import ConnectTimeout
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection


class DeadlineAdapter(TCPKeepAliveAdapter):
    """Sends the requests of a `requests` session; those within `calls_end_after` end with it, in that thread."""

    def __init__(self) -> None:
        self._call = threading.local()
        super().__init__()

    @contextmanager
    def calls_end_after(self, seconds: float) -> Iterator[None]:
        """All requests of this thread in this context together may take this long."""
        self._call.ends_at = time.monotonic() + seconds
        try:
            yield
        finally:
            del self._call.ends_at

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Response:
        ends_at = getattr(self._call, "ends_at", None)
        if ends_at is not None:
            left = ends_at - time.monotonic()
            if left <= 0:
                raise ConnectTimeout(request=request)
            timeout = left if timeout is None else min(timeout, left)
        return super().send(request, stream, timeout, verify, cert, proxies)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _read_in_time(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> PoolManager:
        return _read_in_time(super().proxy_manager_for(proxy, **kwargs))


def _read_in_time(manager: PoolManager) -> PoolManager:
    manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
    return manager


class _InTime(RawIOBase):
    """Reads from a socket until its current timeout has passed; the timeout does not restart with each read."""

    def __init__(self, source: socket, raw: RawIOBase) -> None:
        self._socket = source
        self._raw = raw
        seconds = source.gettimeout()
        self._ends_at = None if seconds is None else time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Raises TimeoutError."""
        if self._ends_at is not None:
            left = self._ends_at - time.monotonic()
            if left <= 0:
                raise TimeoutError("the answer took too long")
            self._socket.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        super().close()
        self._raw.close()


class _Answer(HTTPResponse):
    """A response whose head and body are read in time."""

    def __init__(self, sock: socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = BufferedReader(_InTime(sock, self.fp.detach()))


class _HttpConnection(HTTPConnection):
    response_class = _Answer


class _HttpsConnection(HTTPSConnection):
    response_class = _Answer


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection

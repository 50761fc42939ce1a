"""Looking into a live session, through Keyhole's own API."""

from collections.abc import Iterator
from urllib.parse import quote

from pydantic import BaseModel

from keyhole.cli.client.cloud import Cloud


class Flow(BaseModel):
    """The bytes that were sent in one direction, and for how long."""

    bytes: int
    pieces: int
    largest_bytes: int
    longest_pause_seconds: float


class Traffic(BaseModel):
    """A session's traffic over some seconds."""

    session: str
    seconds: float
    to_viewer: Flow
    to_target: Flow


class _Measured(BaseModel):
    traffic: Traffic


def capture_session(cloud: Cloud, session_id: str, seconds: int | None) -> Iterator[bytes]:
    """A pcap file's bytes, as they arrive. Raises CommandFailed."""
    query = {} if seconds is None else {"seconds": str(seconds)}
    return cloud.keyhole_stream(f"{_path(session_id)}/capture", query=query)


def measure_traffic(cloud: Cloud, session_id: str, seconds: int) -> Traffic:
    """Counts the session's traffic for that many seconds. Raises CommandFailed."""
    path = f"{_path(session_id)}/traffic"
    return cloud.keyhole(_Measured, "GET", path, query={"seconds": str(seconds)}, any_worker=False).traffic


def _path(session_id: str) -> str:
    return f"/v1/sessions/{quote(session_id, safe='', errors='replace')}"

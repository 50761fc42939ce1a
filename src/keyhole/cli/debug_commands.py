"""`keyhole debug capture|traffic`: a live session's traffic. For admins."""

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from keyhole.cli.options import OsCloud, OutputFormat
from keyhole.cli.output import Format, show_columns, show_json
from keyhole.errors import SettingsError

app = typer.Typer(help="Look into a live session. Requires the role admin.", no_args_is_help=True)

SessionId = Annotated[str, typer.Argument(metavar="SESSION", help="The session's id, as `keyhole sessions` shows it.")]


@app.command()
def capture(
    session: SessionId,
    file: Annotated[
        Path,
        typer.Option("--output-file", "-o", metavar="FILE", help="The pcap file to write; `-` is standard output."),
    ],
    seconds: Annotated[
        int | None, typer.Option(min=1, max=3600, help="Stop after this time, at the latest when the session ends.")
    ] = None,
    os_cloud: OsCloud = None,
) -> None:
    """Capture a session's traffic from now on to a pcap file, for Wireshark or tcpdump.

    The file contains everything that is typed, passwords included. The service logs who captured which session.
    """
    from keyhole.cli.client.cloud import signed_in
    from keyhole.cli.client.debugging import capture_session

    with signed_in(os_cloud) as cloud:
        pieces = capture_session(cloud, session, seconds)
        first = next(pieces, b"")  # so that a refusal leaves the file untouched
        with _opened(file) as out:
            out.write(first)
            for piece in pieces:
                out.write(piece)
                out.flush()


@app.command()
def traffic(
    session: SessionId,
    seconds: Annotated[int, typer.Option(min=1, max=3600, help="How long to count.")] = 5,
    os_cloud: OsCloud = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Count a session's traffic in each direction for some seconds."""
    from keyhole.cli.client.cloud import signed_in
    from keyhole.cli.client.debugging import measure_traffic

    with signed_in(os_cloud) as cloud:
        found = measure_traffic(cloud, session, seconds)
    if output is Format.JSON:
        show_json(found.model_dump())
        return
    rows = [
        (name, *map(str, (flow.bytes, round(flow.bytes / found.seconds), flow.pieces, flow.largest_bytes, pause)))
        for name, flow in (("to viewer", found.to_viewer), ("to server", found.to_target))
        for pause in [flow.longest_pause_seconds]
    ]
    show_columns(["Direction", "Bytes", "Bytes/s", "Reads", "Largest", "Longest pause (s)"], rows)


def _opened(file: Path) -> "nullcontext[BinaryIO] | BinaryIO":
    """A file that only its owner can read, since it may contain passwords. Raises SettingsError."""
    if str(file) == "-":
        return nullcontext(sys.stdout.buffer)
    try:
        return open(file, "wb", opener=_private)  # Path.open takes no opener
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}") from error


def _private(path: str, flags: int) -> int:

    return os.open(path, flags, 0o600)

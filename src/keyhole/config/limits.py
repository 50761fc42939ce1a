"""`[limits]`: how much of everything anybody may have at once."""

from typing import Annotated

from pydantic import Field

from keyhole.config.section import Section

Count = Annotated[int, Field(ge=0)]


class LimitSettings(Section):
    """`[limits]`: how much anybody may have at once; 0: no limit. Consoles are counted over all workers; of handshakes
    and connections each worker allows an equal share, but at least one."""

    sessions: Count = Field(10_000, description="Open consoles in all.")
    sessions_per_user: Count = Field(1000, description="Open consoles of one user.")
    sessions_per_project: Count = Field(2500, description="Open consoles of one project.")
    handshakes: Count = Field(2000, description="Connections before their session or first request, in all.")
    handshakes_per_address: Count = Field(
        500, description="The same from one IPv4 address or IPv6 /64; behind `server.trusted_proxies`, of their client."
    )
    handshakes_per_server: Count = Field(
        8, description="Consoles of one server that are dialled at once; others wait in a queue."
    )
    connections_per_address: Count = Field(
        500,
        description="Connections of pages and API calls from one IPv4 address or IPv6 /64, those of "
        "`server.trusted_proxies` aside. One that is idle makes way for a new one.",
    )
    head_bytes: Annotated[int, Field(ge=1024, le=65536)] = Field(16384, description="The head of a request.")
    head_seconds: Annotated[float, Field(gt=0, le=300)] = Field(
        10.0, description="How long a request's head may take to arrive."
    )
    frame_bytes: Annotated[int, Field(ge=1024, le=1 << 24)] = Field(
        1 << 20, description="One WebSocket frame from a viewer."
    )
    message_bytes: Annotated[int, Field(ge=1024, le=1 << 24)] = Field(
        1 << 20, description="One WebSocket message from a viewer, all its frames together."
    )
    cut_text_bytes: Annotated[int, Field(ge=0, le=256 * 1024)] = Field(
        256 * 1024, description="Text pasted into a VNC console at once."
    )
    messages_per_second: Count = Field(
        5000,
        description="What a viewer may send in a second: VNC messages, and WebSocket frames. Twice that in a burst.",
    )
    buffered_bytes: Count = Field(
        1 << 20, description="What may wait to be sent in one session. Long before, the other side is no longer read."
    )

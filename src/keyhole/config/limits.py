"""`[limits]`: the limits on consoles, connections and messages."""

from typing import Annotated

from pydantic import Field

from keyhole.config.section import Section

Count = Annotated[int, Field(ge=0)]


class LimitSettings(Section):
    """`[limits]`: how much is allowed at once; 0: no limit. Consoles are counted over all workers; each worker allows
    an equal share of handshakes and connections, but at least one."""

    sessions: Count = Field(10_000, description="Open consoles in all.")
    sessions_per_user: Count = Field(1000, description="Open consoles of one user.")
    sessions_per_project: Count = Field(2500, description="Open consoles of one project.")
    handshakes: Count = Field(2000, description="Connections without a session or request yet, in all.")
    handshakes_per_address: Count = Field(
        500,
        description="The same from one IPv4 address or IPv6 /64, that of the client behind `server.trusted_proxies`.",
    )
    handshakes_per_server: Count = Field(
        8, description="Connections to one server's consoles that are made at once; others wait in a queue."
    )
    connections_per_address: Count = Field(
        500,
        description="Connections for pages and API calls from one IPv4 address or IPv6 /64, except those of"
        " `server.trusted_proxies`. At the limit, a new connection replaces an idle one.",
    )
    head_bytes: Annotated[int, Field(ge=1024, le=65536)] = Field(16384, description="Size of a request's head.")
    head_seconds: Annotated[float, Field(gt=0, le=300)] = Field(
        10.0, description="How long a request's head may take to arrive."
    )
    frame_bytes: Annotated[int, Field(ge=1024, le=1 << 24)] = Field(
        1 << 20, description="Size of one WebSocket frame from a viewer."
    )
    message_bytes: Annotated[int, Field(ge=1024, le=1 << 24)] = Field(
        1 << 20, description="Size of one WebSocket message from a viewer, all its frames together."
    )
    cut_text_bytes: Annotated[int, Field(ge=0, le=256 * 1024)] = Field(
        256 * 1024, description="Text pasted into a VNC console at once."
    )
    messages_per_second: Count = Field(
        5000,
        description="VNC messages, and WebSocket frames, that a viewer may send in a second; twice that in a burst.",
    )
    buffered_bytes: Count = Field(
        1 << 20, description="Unsent data of one session. Reading from the other side pauses long before this limit."
    )

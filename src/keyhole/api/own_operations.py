"""THE table of Keyhole's own API below /v1: what the OpenAPI document and the reference say of each call.

A module that answers such calls adds its rows here.
"""

from dataclasses import dataclass

from pydantic import BaseModel

from keyhole.api.compute.answers import NUMBER, TEXT, JsonSchema, closed
from keyhole.api.v1 import INSPECT_PATH, InspectRequest

OPENAPI_PATH = "/v1/openapi.json"


@dataclass(frozen=True, slots=True)
class OwnOperation:
    """One call. The parts of its path in braces are parameters.

    `answer` is what a success holds, None when that is nothing; `refusals` are statuses beside 400 and 404; `open`
    calls need no token in X-Auth-Token.
    """

    method: str
    path: str
    summary: str
    body: type[BaseModel] | None = None
    answer: JsonSchema | None = None
    status: int = 200
    refusals: tuple[int, ...] = ()
    open: bool = False


LINK = closed(
    server=closed(id=TEXT, name=TEXT),
    console_type=TEXT,
    protocol=TEXT,
    expires_at={"type": "string", "format": "date-time"},
    lifetime_seconds=NUMBER,
    reuse={"type": "string", "enum": ["once", "until_expiry"]},
)

OWN_OPERATIONS: tuple[OwnOperation, ...] = (
    OwnOperation("GET", OPENAPI_PATH, "This description of every call.", answer={"type": "object"}, open=True),
    OwnOperation(
        "POST",
        INSPECT_PATH,
        "What a console link opens; it is not used up. Who holds the link's token may ask.",
        body=InspectRequest,
        answer=LINK,
        refusals=(403, 408, 413),
        open=True,
    ),
)

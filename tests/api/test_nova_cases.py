"""Replays recorded requests to a real Nova; nova_cases.json and nova_cases_more.json hold the answers expected here.

Its form: `{server}`, `{name}`, `{project}`, `{name_part}` stand for the world's own, `http://{host}` for the start of
the compute API's URLs and of console URLs, `{token}` for a console token, `{max}` for the newest microversion,
`{date}` for a time, `{any}` for anything, `{issued}` for the token of a console that is made first.
"""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api.world import PUBLIC_URL, SERVER_ID, World, project_id_of

from keyhole.api.compute.versions import NEWEST
from keyhole.model import ConsoleType

FOLDER = Path(__file__).parent
CASES = [
    case
    for name in ("nova_cases.json", "nova_cases_more.json")
    for case in json.loads((FOLDER / name).read_text("utf-8"))
]

COMPUTE = f"{PUBLIC_URL}/compute"
TOKEN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?")
OPEN = {"{token}": TOKEN, "{date}": DATE, "{any}": re.compile(".*", re.DOTALL)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']} {case['tag']}")
async def test_answers_as_recorded(case: dict[str, Any]) -> None:
    world = World()
    issued = await _issued(world, case["console"]) if "console" in case else ""
    request = case["request"]
    headers = {name: _filled(value, issued) for name, value in request["headers"].items()}
    response = await world.ask(
        request["method"],
        "/compute" + _filled(request["path"], issued),
        case["user"],
        None if request["body"] is None else _filled(request["body"], issued),
        **headers,
    )

    expectations = [case["expect"], *case.get("also", ())]
    complaints = [_complaint(expected, response) for expected in expectations]
    assert None in complaints, "\n".join(str(complaint) for complaint in complaints)


async def _issued(world: World, console: dict[str, str]) -> str:
    demo = (await world.issuer.validate(world.issuer.token_of("demo"))).identity
    created = await world.consoles.create(demo, SERVER_ID, ConsoleType(console["type"]))
    found = TOKEN.search(created.url)
    assert found
    return found[0]


def _filled(text: str, issued: str = "") -> str:
    known = {
        "{server}": SERVER_ID,
        "{name}": "vm1",
        "{name_part}": "vm",
        "{project}": project_id_of("demo"),
        "{max}": str(NEWEST),
        "{issued}": issued,
    }
    for placeholder, value in known.items():
        text = text.replace(placeholder, value)
    return text


def _complaint(expected: dict[str, Any], response: httpx.Response) -> str | None:
    if response.status_code != expected["status"]:
        return f"status {response.status_code}, not {expected['status']}: {response.text}"
    if expected["headers"] != "any":
        for name, value in expected["headers"].items():
            found = ", ".join(response.headers.get_list(name)) or None
            if not _header_fits(name, value, found):
                return f"{name}: {found}, not {value}"
    exact = expected.get("match") != "contains"
    return None if _fits(expected["body"], response.json(), "", exact) else f"body {response.text}"


def _header_fits(name: str, expected: str | None, found: str | None) -> bool:
    if expected is None or found is None:
        return found is expected
    expected = _filled(expected)
    if name == "Vary":
        return {one.strip() for one in expected.split(",")} <= {one.strip() for one in found.split(",")}
    if name == "WWW-Authenticate":
        return found.startswith(expected)
    return found == expected


def _fits(expected: Any, found: Any, key: str, exact: bool) -> bool:
    if expected == "{any}":
        return True
    match expected:
        case dict():
            if not isinstance(found, dict) or (exact and expected.keys() != found.keys()):
                return False
            return all(name in found and _fits(value, found[name], name, exact) for name, value in expected.items())
        case list():
            return (
                isinstance(found, list)
                and len(found) == len(expected)
                and all(_fits(one, other, key, exact) for one, other in zip(expected, found, strict=True))
            )
        case str():
            return isinstance(found, str) and _text_fits(expected, found, key)
        case _:
            return bool(expected == found) and type(expected) is type(found)


def _text_fits(expected: str, found: str, key: str) -> bool:
    start = COMPUTE if key == "href" else PUBLIC_URL
    expected = (
        _filled(expected).replace("http://{host}", start).replace("ws://{host}", "ws" + start.removeprefix("http"))
    )
    pattern = re.escape(expected)
    for placeholder, form in OPEN.items():
        pattern = pattern.replace(re.escape(placeholder), form.pattern)
    if key == "message":
        pattern += ".*"
    return re.fullmatch(pattern, found, re.DOTALL) is not None

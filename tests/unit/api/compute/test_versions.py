import pytest
from starlette.datastructures import Headers

from keyhole.api.compute.versions import (
    NEWEST,
    OLDEST,
    Microversion,
    choices,
    refuse_unsupported,
    requested_version,
    version_headers,
)
from keyhole.api.errors import RequestRefused, status_of
from keyhole.reasons import Reason


def headers(*lines: tuple[str, str]) -> Headers:
    return Headers(raw=[(name.lower().encode(), value.encode()) for name, value in lines])


STANDARD = "OpenStack-API-Version"
LEGACY = "X-OpenStack-Nova-API-Version"


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        ([], OLDEST),
        ([(STANDARD, "compute 2.6")], Microversion(2, 6)),
        ([(STANDARD, "Compute   2.6 ")], Microversion(2, 6)),
        ([(STANDARD, "compute latest")], NEWEST),
        ([(STANDARD, "volume 3.5, compute 2.6")], Microversion(2, 6)),
        ([(STANDARD, "compute 2.6, volume 3.5")], Microversion(2, 6)),
        ([(STANDARD, "compute 2.6, compute 2.8")], Microversion(2, 8)),
        ([(STANDARD, "volume 3.5")], OLDEST),
        ([(STANDARD, "2.6")], OLDEST),
        ([(STANDARD, "compute")], OLDEST),
        ([(STANDARD, "volume 3.5"), (STANDARD, "compute 2.6")], Microversion(2, 6)),
        ([(LEGACY, "2.8")], Microversion(2, 8)),
        ([(LEGACY, "latest")], NEWEST),
        ([(STANDARD, "compute 2.6"), (LEGACY, "2.8")], Microversion(2, 6)),
        ([(STANDARD, "volume 3.5"), (LEGACY, "2.8")], Microversion(2, 8)),
        ([(STANDARD, "compute 2.999")], Microversion(2, 999)),
        ([(STANDARD, "compute 2.10")], Microversion(2, 10)),
        ([(STANDARD, "compute 2.0")], Microversion(2, 0)),
    ],
)
def test_reads_the_requested_version(lines: list[tuple[str, str]], version: Microversion) -> None:
    assert requested_version(headers(*lines)) == version


@pytest.mark.parametrize("asked", ["abc", "2.06", "2", "2.", ".6", "02.6", "2.6.1", "-2.6", "Latest", "2.6 2.7", "0.1"])
def test_refuses_what_is_no_version(asked: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        requested_version(headers((STANDARD, f"compute {asked}")))
    assert status_of(caught.value) == 400
    assert str(caught.value) == f"API Version String {asked} is of invalid format. Must be of format MajorNum.MinorNum."


def test_refuses_endless_digits() -> None:
    with pytest.raises(RequestRefused) as caught:
        requested_version(headers((LEGACY, "2." + "9" * 5000)))
    assert len(str(caught.value)) < 300


def test_numbers_are_compared_as_numbers() -> None:
    assert Microversion(2, 9) < Microversion(2, 10) < Microversion(3, 0)


@pytest.mark.parametrize("version", [Microversion(2, 0), Microversion(2, 105), Microversion(3, 0), Microversion(1, 1)])
def test_refuses_versions_out_of_range(version: Microversion) -> None:
    with pytest.raises(RequestRefused) as caught:
        refuse_unsupported(version)
    assert (status_of(caught.value), caught.value.reason) == (406, Reason.VERSION_NOT_SUPPORTED)
    assert str(caught.value) == f"Version {version} is not supported by the API. Minimum is 2.1 and maximum is 2.104."


def test_takes_the_ends_of_the_range() -> None:
    refuse_unsupported(OLDEST)
    refuse_unsupported(NEWEST)


def test_headers_name_the_version_twice_and_vary_on_both() -> None:
    assert list(version_headers(Microversion(2, 6))) == [
        (STANDARD, "compute 2.6"),
        (LEGACY, "2.6"),
        ("Vary", STANDARD),
        ("Vary", LEGACY),
    ]


def test_choices_quote_the_path() -> None:
    links = [choice["links"][0]["href"] for choice in choices("https://h/compute", "/a b/é")["choices"]]
    assert links == ["https://h/compute/v2/a%20b/%C3%A9", "https://h/compute/v2.1/a%20b/%C3%A9"]

"""What is written in one turn of the loop goes out as one, in order, and before the connection is closed."""

import asyncio

import pytest

from keyhole.gateway.write_coalescer import WriteCoalescer


class Below(asyncio.Transport):
    """Notes what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[object] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.calls.append(bytes(data))

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")


@pytest.fixture
def below() -> Below:
    return Below()


async def test_a_turns_parts_are_one_write(below: Below) -> None:
    transport = WriteCoalescer(below)
    transport.write(b"head ")
    transport.write(bytearray(b"body"))
    assert below.calls == []
    await asyncio.sleep(0)
    assert below.calls == [b"head body"]
    transport.write(b"next")
    await asyncio.sleep(0)
    assert below.calls == [b"head body", b"next"]


async def test_what_was_written_goes_out_before_the_end(below: Below) -> None:
    transport = WriteCoalescer(below)
    transport.write(b"last")
    transport.close()
    await asyncio.sleep(0)
    assert below.calls == [b"last", "close"]


async def test_an_abort_sends_nothing_more(below: Below) -> None:
    transport = WriteCoalescer(below)
    transport.write(b"never")
    transport.abort()
    await asyncio.sleep(0)
    assert below.calls == ["abort"]

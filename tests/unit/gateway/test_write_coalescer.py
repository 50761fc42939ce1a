"""What is written in one turn of the loop goes out as one, in order, and before the connection is closed."""

import asyncio

import pytest

from keyhole.gateway.write_coalescer import WriteCoalescer


class Below(asyncio.Transport):
    """Records its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[object] = []
        self.is_gone = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.is_gone:
            raise RuntimeError("the handler is closed")  # as uvloop's transports do
        self.calls.append(bytes(data))

    def is_closing(self) -> bool:
        return self.is_gone

    def get_write_buffer_size(self) -> int:
        return 100

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


async def test_nothing_is_sent_to_a_peer_that_is_gone(below: Below) -> None:
    transport = WriteCoalescer(below)
    transport.write(b"answer")
    below.is_gone = True
    transport.flush()
    transport.write(b"another")
    transport.close()
    assert below.calls == ["close"]


async def test_what_is_to_be_sent_counts_as_waiting(below: Below) -> None:
    transport = WriteCoalescer(below)
    transport.write(b"head ")
    transport.write(b"body")
    assert transport.get_write_buffer_size() == 109
    transport.flush()
    assert transport.get_write_buffer_size() == 100

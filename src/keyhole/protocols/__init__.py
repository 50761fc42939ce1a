"""Wire protocols as pure state machines: bytes in, events and bytes out. No I/O, no clock, no log."""

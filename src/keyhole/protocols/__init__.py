"""Wire protocols as pure values: bytes in, events and bytes out. No input or output, no clock, no log."""

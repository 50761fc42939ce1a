"""RFB messages after the handshake: their lengths, the filter on the way to a server, readers and writers."""

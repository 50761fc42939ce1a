"""RFB messages after the handshake: their lengths, the filter towards a server, readers and writers."""

"""Both RFB handshakes up to ServerInit, as one-sided machines."""

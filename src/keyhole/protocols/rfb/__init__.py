"""RFB, the protocol of VNC (RFC 6143): two one-sided handshakes, the viewer's messages, the server's messages."""

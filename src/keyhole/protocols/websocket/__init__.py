"""The server side of the WebSocket protocol (RFC 6455). Section numbers are the RFC's."""

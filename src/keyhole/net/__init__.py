"""Operating-system I/O, independent of consoles: addresses, sockets, certificates, TLS as a client."""

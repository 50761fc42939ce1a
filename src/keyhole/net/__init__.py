"""Operating-system input and output that knows no console: addresses, sockets, certificates, TLS as a client."""

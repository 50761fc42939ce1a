"""The use cases: servers, links, tickets, limits and sessions. No HTTP, no sockets, no SQL."""

"""The store of grants, sessions, tickets, identity tokens and application credentials: `SqlStore`."""

"""Keeps grants, identity tokens and application credentials: `SqlStore`, over `tables.py` and `migrations/`."""

"""Keeps grants and identity tokens: `SqlStore` in `sql.py`, its schema in `tables.py` and `migrations/`."""

"""The store in SQL, on SQLite."""

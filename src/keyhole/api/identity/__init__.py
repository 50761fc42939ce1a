"""The HTTP API of the embedded identity, in Keystone's formats (v3 and v2.0)."""

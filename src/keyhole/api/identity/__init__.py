"""The HTTP face of the embedded identity, in Keystone's shapes (v3 and v2.0)."""

"""Keyhole's own API under /v1 and /c."""

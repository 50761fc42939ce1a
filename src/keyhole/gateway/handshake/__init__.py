"""Handshakes on live connections."""

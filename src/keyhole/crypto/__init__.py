"""Tokens and their hashes, sealed secrets, and the DES variant of VNC passwords."""

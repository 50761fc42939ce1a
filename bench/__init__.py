"""Keyhole measured beside its peers: the same work, on the same machine, in the same run. See bench/README.md."""

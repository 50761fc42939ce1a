"""The HTTP application: the compute API's console part, the embedded identity, Keyhole's own API, pages and health."""

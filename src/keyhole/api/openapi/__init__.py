"""The OpenAPI document of Keyhole's own API."""

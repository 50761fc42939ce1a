"""The embedded identity service: users of the settings, tokens and application credentials of the store."""

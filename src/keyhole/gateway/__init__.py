"""The console path: from an accepted connection to a session that joins one viewer to one target."""

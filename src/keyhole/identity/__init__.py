"""Identifies API callers: `EmbeddedIdentity` has the users of the settings, `KeystoneIdentity` asks a Keystone."""

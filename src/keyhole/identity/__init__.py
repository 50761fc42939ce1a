"""Says who calls the API: `EmbeddedIdentity` knows the users of the settings, `KeystoneIdentity` asks a Keystone."""

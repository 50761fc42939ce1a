"""An operator's Keystone as the identity service."""

"""Ids from names: the embedded identity has no database of users and projects, so their ids are derived."""

import uuid

_NAMESPACE = uuid.UUID("6f1c4a3e-2d0b-5c8e-9a57-4b1d7e90c3f2")


def project_id_of(name: str) -> str:
    """A project's id: 32 hex digits, always the same for a name."""
    return uuid.uuid5(_NAMESPACE, f"project:{name}").hex


def user_id_of(name: str) -> str:
    """A user's id: 32 hex digits, always the same for a name."""
    return uuid.uuid5(_NAMESPACE, f"user:{name}").hex

"""The optional parts of an installation, and the error if one is missing."""

from importlib.util import find_spec
from typing import Final

from keyhole.errors import SettingsError

_PACKAGES: Final = {
    "client": ("keystoneauth1", "openstack", "requests"),
    "keystone": ("keystoneauth1", "requests"),
}
"""For each extra of pyproject.toml, the top-level packages that it installs and Keyhole imports."""


def require_extra(name: str, purpose: str) -> None:
    """Raises SettingsError if a package of the extra is missing; `purpose`, which needs it, begins the message."""
    missing = [package for package in _PACKAGES[name] if find_spec(package) is None]
    if missing:
        raise SettingsError(f"{purpose} needs {', '.join(missing)}; install keyhole[{name}]")

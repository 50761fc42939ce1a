"""The settings: one TOML file, then the environment (`KEYHOLE_SERVER__LISTEN=...`). Nothing else reads either.

Every key has a type, a default and a description; docs/reference/configuration.md is generated from them. Unknown keys
are errors, in the file and in the environment. The driver of that name checks its `[drivers.NAME]` table.
"""

from keyhole.config.drivers import DriverSettings
from keyhole.config.identity import IdentitySettings, UserSettings
from keyhole.config.section import Section, refuse_duplicates
from keyhole.config.servers import ConsoleTarget, SerialTarget, StaticServer, VncTarget
from keyhole.config.settings import Settings, describe, load, make, parse
from keyhole.config.targets import SocketSettings, TlsSettings, VncSettings

__all__ = [
    "ConsoleTarget",
    "DriverSettings",
    "IdentitySettings",
    "Section",
    "SerialTarget",
    "Settings",
    "SocketSettings",
    "StaticServer",
    "TlsSettings",
    "UserSettings",
    "VncSettings",
    "VncTarget",
    "describe",
    "load",
    "make",
    "parse",
    "refuse_duplicates",
]

"""The client commands. They use HTTP APIs only, so they work with Keyhole and with any other OpenStack cloud.

Importing this package raises SettingsError if the extra `client` is not installed.
"""

from keyhole.config.extras import require_extra

require_extra("client", "this command")

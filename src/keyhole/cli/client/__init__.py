"""The client side. It knows a cloud by its HTTP APIs alone: Keyhole, or another with Nova's and Keystone's shapes.

Importing it raises SettingsError where the extra `client` is not installed.
"""

from keyhole.config.extras import require_extra

require_extra("client", "this command")

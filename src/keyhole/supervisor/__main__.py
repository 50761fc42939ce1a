"""`python -m keyhole.supervisor [CONFIG]`: `keyhole serve` executes this, so that its first process stays small."""

import asyncio
import os
import sys
from pathlib import Path

from keyhole.errors import KeyholeError, SettingsError
from keyhole.protocols.text import sanitize
from keyhole.supervisor.log import SupervisorLog
from keyhole.supervisor.notify import Notifier, inherited_sockets
from keyhole.supervisor.supervisor import Supervisor


def main() -> int:
    """The exit status: 0 after a stop, 2 if the settings are invalid, 1 if the workers fail."""
    config = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    supervisor = Supervisor(config, SupervisorLog(), Notifier(os.environ), inherited_sockets(os.environ))
    try:
        asyncio.run(supervisor.run())
    except KeyholeError as error:
        sys.stderr.write(f"keyhole: {sanitize(str(error).encode())}\n")
        return 2 if isinstance(error, SettingsError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Opening a file in a directory that others can write to, without following links.

A guest that has taken over its hypervisor may replace its console's socket or log by a link. So the path is walked step
by step, opening each directory relative to the previous one. Linux only.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import PurePosixPath

from keyhole.errors import PathRefused


@contextlib.contextmanager
def reached(path: str, directory: str = "/") -> Iterator[int]:
    """A handle (O_PATH) on the file at an absolute path, without following links below `directory`.

    Links in the path of `directory` itself are followed. Opening the handle's /proc/self/fd entry opens the same file,
    even if the path has changed since. Raises PathRefused, also for a file that has a second name (hard link);
    OSError.
    """
    try:
        steps = PurePosixPath(path).relative_to(directory).parts
    except ValueError as error:
        raise PathRefused(f"is not below {directory}") from error
    if not steps or ".." in steps:
        raise PathRefused("is not the plain path of a file")
    handle = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for step in steps:
            below = os.open(step, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handle)
            os.close(handle)
            handle = below
            if stat.S_ISLNK(os.fstat(handle).st_mode):
                raise PathRefused("is reached over a link, which is not followed")
        facts = os.fstat(handle)
        if facts.st_nlink > 1 and not stat.S_ISDIR(facts.st_mode):
            raise PathRefused("has a second name elsewhere")
        yield handle
    finally:
        os.close(handle)

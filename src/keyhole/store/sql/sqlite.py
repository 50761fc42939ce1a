"""The part that is specific to SQLite: the file and its permissions, connections, creating the schema.

WAL: readers and the one writer do not wait for each other. With synchronous=NORMAL a crash of the machine may lose the
last writes, but never the file; the data is only needed for minutes. Several processes may share the file: their writes
wait for each other in SQLite for `BUSY_TIMEOUT_SECONDS`.
"""

import os
import sqlite3
import stat
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy import URL, create_engine, text
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.exc import DBAPIError

from keyhole.errors import SettingsError
from keyhole.store.sql.schema import prepare

URL_PREFIX = "sqlite:///"
BUSY_TIMEOUT_SECONDS = 5.0
RETRY_SECONDS = 0.02
CHECKPOINT_PAGES = 4000
"""How far the write-ahead log may grow (16 MiB) before a checkpoint: with SQLite's default of 1000, a link takes a
fifth more of the store's time."""
DIALECT = dialect(paramstyle="qmark")
BEGIN_WRITING = "BEGIN IMMEDIATE"
"""Waits for other processes' writes at the start of the transaction, where waiting is possible, not in its middle."""
WRITE_ANYTHING = text("PRAGMA user_version = 1")
"""Succeeds if and only if a row could be written: it writes an unused number in the same way."""
COMPANIONS = ("-wal", "-shm", "-journal")

FileId = tuple[int, int]
"""Device and inode."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, for any single thread; never creates the file. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        timeout=BUSY_TIMEOUT_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        uri=True,
    )
    try:
        for pragma in ("synchronous = NORMAL", "foreign_keys = ON", f"wal_autocheckpoint = {CHECKPOINT_PAGES}"):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def reconnect(path: Path, file: FileId) -> sqlite3.Connection:
    """A connection to the file that was opened at the start, and to no other: that might be a different database.

    Raises sqlite3.Error, FileNotFoundError.
    """
    if file_id(path) != file:
        raise FileNotFoundError("its file is missing or was replaced")
    return connect(path)


def file_id(path: Path) -> FileId | None:
    """The id of the file at this path, None if there is none. No other file gets the id of an open file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def is_read_only(error: BaseException | None) -> bool:
    """Whether the error is a failed write on a connection that can only read."""
    return isinstance(error, sqlite3.Error) and _plain_code(error) == sqlite3.SQLITE_READONLY


def prepare_file(path: Path) -> FileId:
    """Creates the database, accessible only to its owner, or migrates it to the current schema. Raises SettingsError.

    SQLite's busy timeout does not cover the change to WAL: if two processes try it at the same time, one immediately
    gets the error that the database is locked.
    """
    give_up_at = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            _create_private(path)
            _create_schema(path)
            status = path.stat()
        except (DBAPIError, OSError) as error:
            if not _is_locked(error) or time.monotonic() > give_up_at:
                raise SettingsError(f"store.url: {path} cannot be opened: {_text_of(error)}") from error
            time.sleep(RETRY_SECONDS)
        else:
            return status.st_dev, status.st_ino


def _create_private(path: Path) -> None:
    """Creates the file with mode 0600 if it does not exist; SQLite gives its companion files the same mode.

    An existing file is not opened here: closing it would drop the locks that SQLite holds on it in this process. It and
    its companions must belong to this process's user or to root and must not be world-writable: anyone who can write
    them can forge links and credentials. Raises SettingsError.
    """
    for ending in ("", *COMPANIONS):
        _refuse_foreign(Path(f"{path}{ending}"))
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _refuse_foreign(path: Path) -> None:
    try:
        status = path.stat()
    except OSError:
        return
    if status.st_uid not in (os.geteuid(), 0):
        raise SettingsError(f"store.url: {path} belongs to another user (uid {status.st_uid}), who may have written it")
    if status.st_mode & stat.S_IWOTH and not stat.S_ISDIR(status.st_mode):
        raise SettingsError(f"store.url: {path} may be written by everybody (mode {_mode_text(status)})")


def mode_warnings(path: Path) -> list[str]:
    """One sentence if users other than the owner may access the database's file."""
    status = path.stat()
    if not status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return []
    return [f"The store's file {path} is accessible to other users: its mode is {_mode_text(status)}, not 0600."]


def _mode_text(status: os.stat_result) -> str:
    return f"{stat.S_IMODE(status.st_mode):04o}"


def _create_schema(path: Path) -> None:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        creator=lambda: connect(path),
    )
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            prepare(connection)
    finally:
        engine.dispose()


def _is_locked(error: Exception) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else None
    return isinstance(cause, sqlite3.OperationalError) and _plain_code(cause) == sqlite3.SQLITE_BUSY


def _plain_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code, which is the low byte of an extended code; 0 if the error is Python's own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _text_of(error: DBAPIError | OSError) -> str:
    return str(error.orig) if isinstance(error, DBAPIError) else error.strerror or str(error)

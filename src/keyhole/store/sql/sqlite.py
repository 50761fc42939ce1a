"""What is SQLite's own: the file and who may read it, its connections, and how its schema comes about.

WAL: readers and the one writer do not wait for each other. With synchronous=NORMAL a crash of the machine may lose the
last moments, never the file; what is kept lives for minutes. Several processes may share the file: their writes wait
for each other in SQLite for `BUSY_TIMEOUT_SECONDS`.
"""

import os
import sqlite3
import time
from pathlib import Path

from sqlalchemy import URL, create_engine
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.exc import DBAPIError

from keyhole.errors import SettingsError
from keyhole.store.sql.schema import prepare

URL_PREFIX = "sqlite:///"
BUSY_TIMEOUT_SECONDS = 5.0
RETRY_SECONDS = 0.02
CHECKPOINT_PAGES = 4000
"""How far the log of writes may grow (16 MiB) until it is worked into the file: SQLite's 1000 cost a link a fifth more
of the store's time."""
DIALECT = dialect(paramstyle="qmark")
BEGIN_WRITING = "BEGIN IMMEDIATE"
"""Waits for other processes' writes here, where a wait is possible, and not in the middle of a transaction."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, for whichever one thread. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False)
    for pragma in ("synchronous = NORMAL", "foreign_keys = ON", f"wal_autocheckpoint = {CHECKPOINT_PAGES}"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def prepare_file(path: Path) -> None:
    """Creates the database, for its owner alone, or brings it to today's schema. Raises SettingsError.

    SQLite's own waiting does not cover the change to WAL: of two processes that try it at once, one is told at once
    that the database is locked.
    """
    give_up_at = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            _create_private(path)
            _create_schema(path)
        except (DBAPIError, OSError) as error:
            if not _is_locked(error) or time.monotonic() > give_up_at:
                raise SettingsError(f"store.url: {path} cannot be opened: {_text_of(error)}") from error
            time.sleep(RETRY_SECONDS)
        else:
            return


def _create_private(path: Path) -> None:
    """Creates the file with mode 0600 when it is not there; SQLite gives its companions the same.

    One that is there is not opened here: closing it would drop the locks that SQLite holds on it in this process.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return


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
    # The low byte of an extended result code is the plain one.
    return isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _text_of(error: DBAPIError | OSError) -> str:
    return str(error.orig) if isinstance(error, DBAPIError) else error.strerror or str(error)

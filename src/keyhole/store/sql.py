"""`SqlStore`: grants, identity tokens and application credentials in SQLite, through SQLAlchemy Core and aiosqlite.

Every operation is one statement in a transaction of its own (AUTOCOMMIT), so that redemption is atomic by SQL alone and
several worker processes may share the file. Writes of one process wait for each other here, those of several processes
in SQLite for `BUSY_TIMEOUT_SECONDS`. With synchronous=NORMAL in WAL mode a crash of the machine may lose the last
moments, never the file; what is kept lives for minutes.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import URL, CursorResult, Executable, RowMapping, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from keyhole.errors import SettingsError, Unavailable
from keyhole.model import ApplicationCredential, Grant, IdentityToken
from keyhole.store import statements
from keyhole.store.gathered import GatheredWrites, Row
from keyhole.store.schema import prepare
from keyhole.store.sql_sessions import SqlSessions
from keyhole.store.tables import (
    credential_of_row,
    grant_of_row,
    row_of_credential,
    row_of_grant,
    row_of_token,
    token_of_row,
)

URL_PREFIX = "sqlite:///"
BUSY_TIMEOUT_SECONDS = 5.0
RETRY_SECONDS = 0.02
CONNECTIONS = 3
"""At most: one writes, the others read. Each has a thread."""

T = TypeVar("T")


class SqlStore(SqlSessions):
    """A `GrantStore`, a `TokenStore` and a `CredentialStore`, and what `SqlSessions` is. Made by `open`."""

    def __init__(self, engine: AsyncEngine, path: Path) -> None:
        self._engine = engine
        self._path = path
        self._writing = asyncio.Lock()
        self._at_work: set[asyncio.Task[Any]] = set()
        self._new_grants = GatheredWrites(self._add_grants)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        """The store at `sqlite:///PATH`, created (for its owner alone) when it is not there.

        Raises SettingsError when the file cannot be opened or is not of a schema known here.
        """
        path = Path(url.removeprefix(URL_PREFIX))
        await asyncio.to_thread(_prepare, path)
        engine = create_async_engine(URL.create("sqlite+aiosqlite", database=str(path)), **_engine_options())
        event.listen(engine.sync_engine, "connect", _set_up)
        store = cls(engine, path)
        try:
            yield store
        finally:
            await store._new_grants.finish()
            await asyncio.gather(*store._at_work, return_exceptions=True)
            await engine.dispose()

    async def add_grant(self, grant: Grant) -> None:
        await self._new_grants.add(row_of_grant(grant))

    async def find_grant(self, token_hash: str) -> Grant | None:
        row = await self._read(statements.FIND_GRANT, {"hash": token_hash}, _one_row)
        return grant_of_row(row) if row else None

    async def redeem_grant(self, token_hash: str, now: float, *, reusable: bool) -> Grant | None:
        redeem = statements.REDEEM_REUSABLE_GRANT if reusable else statements.REDEEM_GRANT
        row = await self._write(redeem, {"hash": token_hash, "now": now}, _one_row)
        return grant_of_row(row) if row else None

    async def release_grant(self, token_hash: str) -> None:
        await self._write(statements.RELEASE_GRANT, {"hash": token_hash}, _row_count)

    async def sweep_grants(self, expired_before: float) -> int:
        return await self._write(statements.SWEEP_GRANTS, {"before": expired_before}, _row_count)

    async def add_token(self, token: IdentityToken) -> None:
        await self._write(statements.ADD_TOKEN, row_of_token(token), _row_count)

    async def find_token(self, token_hash: str, now: float) -> IdentityToken | None:
        row = await self._read(statements.FIND_TOKEN, {"hash": token_hash, "now": now}, _one_row)
        return token_of_row(row) if row else None

    async def revoke_token(self, token_hash: str) -> None:
        await self._write(statements.REVOKE_TOKEN, {"hash": token_hash}, _row_count)

    async def sweep_tokens(self, expired_before: float) -> int:
        return await self._write(statements.SWEEP_TOKENS, {"before": expired_before}, _row_count)

    async def add_credential(self, credential: ApplicationCredential) -> bool:
        return await self._write(statements.ADD_CREDENTIAL, row_of_credential(credential), _row_count) == 1

    async def find_credential(self, credential_id: str) -> ApplicationCredential | None:
        row = await self._read(statements.FIND_CREDENTIAL, {"credential": credential_id}, _one_row)
        return credential_of_row(row) if row else None

    async def list_credentials(self, user_id: str) -> Sequence[ApplicationCredential]:
        rows = await self._read(statements.LIST_CREDENTIALS, {"user": user_id}, _all_rows)
        return [credential_of_row(row) for row in rows]

    async def delete_credential(self, credential_id: str) -> None:
        await self._write(statements.DELETE_CREDENTIAL, {"credential": credential_id}, _row_count)

    async def troubles(self) -> Sequence[str]:
        """One sentence when the store's file is gone or cannot be written to; empty when all is well."""
        if not self._path.exists():
            return [f"The store's file {self._path} is gone."]
        try:
            await self._finish(self._take_write_lock())
        except Unavailable as trouble:
            return [str(trouble)]
        return []

    async def _add_grants(self, rows: list[Row]) -> None:
        await self._write(statements.ADD_GRANT, rows, _row_count)

    async def _read(self, statement: Executable, values: dict[str, Any], take: Callable[[CursorResult[Any]], T]) -> T:
        return await self._finish(self._run(nullcontext(), statement, values, take))

    async def _write(self, statement: Executable, values: Row | list[Row], take: Callable[[CursorResult[Any]], T]) -> T:
        return await self._finish(self._run(self._writing, statement, values, take))

    async def _run(
        self,
        turn: AbstractAsyncContextManager[None],
        statement: Executable,
        values: Row | list[Row],
        take: Callable[[CursorResult[Any]], T],
    ) -> T:
        with _unavailable():
            async with turn, self._engine.connect() as connection:
                return take(await connection.execute(statement, values))

    async def _take_write_lock(self) -> None:
        with _unavailable():
            async with self._writing, self._engine.connect() as connection:
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
                await connection.exec_driver_sql("ROLLBACK")

    async def _finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Does what was begun to its end even when whoever waits for it is cancelled.

        A viewer may leave at any time; a connection that is left in the middle of a statement would be thrown away.
        """
        task = asyncio.create_task(work)
        self._at_work.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._at_work.discard(task)
        if not task.cancelled():
            task.exception()  # seen here, since nobody may be waiting for it any more


def _one_row(result: CursorResult[Any]) -> RowMapping | None:
    """The row that a statement returned, if any."""
    return result.mappings().one_or_none()


def _all_rows(result: CursorResult[Any]) -> Sequence[RowMapping]:
    """Every row that a statement returned."""
    return result.mappings().all()


def _row_count(result: CursorResult[Any]) -> int:
    """How many rows a statement changed."""
    return result.rowcount


def _prepare(path: Path) -> None:
    """Creates or migrates the database, with the standard library's own driver. Raises SettingsError.

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


def _create_schema(path: Path) -> None:
    engine = create_engine(URL.create("sqlite", database=str(path)), **_engine_options())
    event.listen(engine, "connect", _set_up)
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


def _create_private(path: Path) -> None:
    """Creates the file with mode 0600 when it is not there; SQLite gives its companions the same.

    One that is there is not opened here: closing it would drop the locks that SQLite holds on it in this process.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return


def _engine_options() -> dict[str, Any]:
    return {
        "isolation_level": "AUTOCOMMIT",
        "skip_autocommit_rollback": True,
        "pool_size": CONNECTIONS,
        "max_overflow": 0,
        "connect_args": {"timeout": BUSY_TIMEOUT_SECONDS},
    }


def _set_up(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    try:
        for pragma in ("synchronous = NORMAL", "foreign_keys = ON"):
            cursor.execute(f"PRAGMA {pragma}")
    finally:
        cursor.close()


@contextmanager
def _unavailable() -> Iterator[None]:
    """What goes wrong inside is Unavailable, with the database's words and without statement or values."""
    try:
        yield
    except (DBAPIError, PoolTimeout, OSError) as error:
        raise Unavailable(f"The store does not answer: {_text_of(error)}.") from error


def _text_of(error: Exception) -> str:
    match error:
        case DBAPIError():
            return str(error.orig)
        case OSError(strerror=str(text)):
            return text
        case _:
            return "no connection is free"

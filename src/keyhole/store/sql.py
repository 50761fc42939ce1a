"""`SqlStore`: grants and identity tokens in SQLite, through SQLAlchemy Core and aiosqlite.

Every operation is one statement in a transaction of its own (AUTOCOMMIT), so that redemption is atomic by SQL alone and
several worker processes may share the file. Writes of one process wait for each other here, those of several processes
in SQLite for `BUSY_TIMEOUT_SECONDS`. With synchronous=NORMAL in WAL mode a crash of the machine may lose the last
moments, never the file; what is kept lives for minutes.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Executable, RowMapping, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from keyhole.errors import SettingsError, Unavailable
from keyhole.model import Grant, IdentityToken
from keyhole.store import statements
from keyhole.store.schema import prepare
from keyhole.store.tables import grant_of_row, row_of_grant, row_of_token, token_of_row

URL_PREFIX = "sqlite:///"
BUSY_TIMEOUT_SECONDS = 5.0
CONNECTIONS = 3
"""At most: one writes, the others read. Each has a thread."""


class SqlStore:
    """A `GrantStore` and a `TokenStore`. Made by `open`."""

    def __init__(self, engine: AsyncEngine, path: Path) -> None:
        self._engine = engine
        self._path = path
        self._writing = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        """The store at `sqlite:///PATH`, created (for its owner alone) when it is not there.

        Raises SettingsError when the file cannot be opened or is not of a schema known here.
        """
        path = Path(url.removeprefix(URL_PREFIX))
        engine = _make_engine(path)
        try:
            try:
                _create_private(path)
                async with engine.connect() as connection:
                    await connection.run_sync(prepare)
            except (DBAPIError, OSError) as error:
                raise SettingsError(f"store.url: {path} cannot be opened: {_text_of(error)}") from error
            yield cls(engine, path)
        finally:
            await engine.dispose()

    async def add_grant(self, grant: Grant) -> None:
        await self._write(statements.ADD_GRANT, row_of_grant(grant))

    async def find_grant(self, token_hash: str) -> Grant | None:
        row = await self._one_row(statements.FIND_GRANT, {"hash": token_hash})
        return grant_of_row(row) if row else None

    async def redeem_grant(self, token_hash: str, now: float, *, reusable: bool) -> Grant | None:
        redeem = statements.REDEEM_REUSABLE_GRANT if reusable else statements.REDEEM_GRANT
        async with self._writing:
            row = await self._one_row(redeem, {"hash": token_hash, "now": now})
        return grant_of_row(row) if row else None

    async def release_grant(self, token_hash: str) -> None:
        await self._write(statements.RELEASE_GRANT, {"hash": token_hash})

    async def sweep_grants(self, expired_before: float) -> int:
        return await self._write(statements.SWEEP_GRANTS, {"before": expired_before})

    async def add_token(self, token: IdentityToken) -> None:
        await self._write(statements.ADD_TOKEN, row_of_token(token))

    async def find_token(self, token_hash: str, now: float) -> IdentityToken | None:
        row = await self._one_row(statements.FIND_TOKEN, {"hash": token_hash, "now": now})
        return token_of_row(row) if row else None

    async def revoke_token(self, token_hash: str) -> None:
        await self._write(statements.REVOKE_TOKEN, {"hash": token_hash})

    async def sweep_tokens(self, expired_before: float) -> int:
        return await self._write(statements.SWEEP_TOKENS, {"before": expired_before})

    async def troubles(self) -> Sequence[str]:
        """One sentence when the store's file is gone or cannot be written to; empty when all is well."""
        if not self._path.exists():
            return [f"The store's file {self._path} is gone."]
        try:
            with _unavailable():
                async with self._writing, self._engine.connect() as connection:
                    await connection.exec_driver_sql("BEGIN IMMEDIATE")
                    await connection.exec_driver_sql("ROLLBACK")
        except Unavailable as trouble:
            return [str(trouble)]
        return []

    async def _one_row(self, statement: Executable, values: dict[str, Any]) -> RowMapping | None:
        """The row that a statement returns, if any."""
        with _unavailable():
            async with self._engine.connect() as connection:
                return (await connection.execute(statement, values)).mappings().one_or_none()

    async def _write(self, statement: Executable, values: dict[str, Any]) -> int:
        """How many rows a statement changed."""
        with _unavailable():
            async with self._writing, self._engine.connect() as connection:
                return (await connection.execute(statement, values)).rowcount


def _make_engine(path: Path) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        pool_size=CONNECTIONS,
        max_overflow=0,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS},
    )
    event.listen(engine.sync_engine, "connect", _set_up)
    return engine


def _set_up(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    try:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            cursor.execute(f"PRAGMA {pragma}")
    finally:
        cursor.close()


def _create_private(path: Path) -> None:
    """Creates the file with mode 0600 when it is not there; SQLite gives its companions the same.

    One that is there is not opened here: closing it would drop the locks that SQLite holds on it in this process.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return


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

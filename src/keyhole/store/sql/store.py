"""`SqlStore`: grants, identity tokens and application credentials in a SQL database.

Every operation is one statement, so that redemption is atomic by SQL alone and several worker processes may share the
database. Statements are SQLAlchemy's, compiled once; two threads run them (`worker.py`), one for all writes and one for
reads, so that reads do not wait for writes of other processes.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path
from typing import Self

from sqlalchemy import ClauseElement, Insert

from keyhole.errors import Unavailable
from keyhole.model import ApplicationCredential, Grant, IdentityToken
from keyhole.store.sql import sqlite, statements
from keyhole.store.sql.sessions import SqlSessions
from keyhole.store.sql.tables import (
    credential_of_row,
    grant_of_row,
    row_of_credential,
    row_of_grant,
    row_of_token,
    token_of_row,
)
from keyhole.store.sql.worker import Cursor, Row, Statement
from keyhole.store.sql.worker_pair import WorkerPair


class SqlStore(SqlSessions):
    """A `GrantStore`, a `TokenStore` and a `CredentialStore`, in addition to `SqlSessions`. Created by `open`."""

    def __init__(self, path: Path, file: sqlite.FileId, workers: WorkerPair) -> None:
        self._path = path
        self._file = file
        self._workers = workers

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        """The store at `sqlite:///PATH`, created (accessible only to its owner) if it does not exist.

        Raises SettingsError if the file cannot be opened, belongs to another user, or has an unknown schema.
        """
        path = Path(url.removeprefix(sqlite.URL_PREFIX))
        file = await asyncio.to_thread(sqlite.prepare_file, path)
        workers = WorkerPair(partial(sqlite.reconnect, path, file), sqlite.BEGIN_WRITING, sqlite.is_read_only)
        try:
            yield cls(path, file, workers)
        finally:
            await workers.close()

    @property
    def warnings(self) -> Sequence[str]:
        """Problems that the operator should know about but may have intended."""
        return sqlite.mode_warnings(self._path)

    async def add_grant(self, grant: Grant) -> None:
        await self._add(statements.ADD_GRANT, row_of_grant(grant))

    async def find_grant(self, token_hash: str) -> Grant | None:
        rows = await self._read(statements.FIND_GRANT, {"hash": token_hash})
        return grant_of_row(rows[0]) if rows else None

    async def redeem_grant(self, token_hash: str, now: float, *, reusable: bool) -> Grant | None:
        redeem = statements.REDEEM_REUSABLE_GRANT if reusable else statements.REDEEM_GRANT
        rows = await self._change_and_read(redeem, {"hash": token_hash, "now": now})
        return grant_of_row(rows[0]) if rows else None

    async def release_grant(self, token_hash: str) -> None:
        await self._change(statements.RELEASE_GRANT, {"hash": token_hash})

    async def sweep_grants(self, expired_before: float) -> int:
        return await self._change(statements.SWEEP_GRANTS, {"before": expired_before})

    async def add_token(self, token: IdentityToken) -> None:
        await self._add(statements.ADD_TOKEN, row_of_token(token))

    async def find_token(self, token_hash: str, now: float) -> IdentityToken | None:
        rows = await self._read(statements.FIND_TOKEN, {"hash": token_hash, "now": now})
        return token_of_row(rows[0]) if rows else None

    async def revoke_token(self, token_hash: str) -> None:
        await self._change(statements.REVOKE_TOKEN, {"hash": token_hash})

    async def sweep_tokens(self, expired_before: float) -> int:
        return await self._change(statements.SWEEP_TOKENS, {"before": expired_before})

    async def add_credential(self, credential: ApplicationCredential) -> bool:
        return await self._change(statements.ADD_CREDENTIAL, row_of_credential(credential)) == 1

    async def find_credential(self, credential_id: str) -> ApplicationCredential | None:
        rows = await self._read(statements.FIND_CREDENTIAL, {"credential": credential_id})
        return credential_of_row(rows[0]) if rows else None

    async def list_credentials(self, user_id: str) -> Sequence[ApplicationCredential]:
        rows = await self._read(statements.LIST_CREDENTIALS, {"user": user_id})
        return [credential_of_row(row) for row in rows]

    async def delete_credential(self, credential_id: str) -> None:
        await self._change(statements.DELETE_CREDENTIAL, {"credential": credential_id})

    async def check(self) -> Sequence[str]:
        """One sentence if the store's file is missing, was replaced or cannot be written to; otherwise empty."""
        file = sqlite.file_id(self._path)
        if file is None:
            return [f"The store's file {self._path} is missing."]
        if file != self._file:
            return [f"The store's file {self._path} was replaced by another one, which is used after a restart."]
        try:
            await self._change(sqlite.WRITE_ANYTHING, {})
        except Unavailable as problem:
            return [str(problem)]
        return []

    async def _read(self, statement: ClauseElement, values: Row) -> list[Row]:
        return await self._workers.read(*_bound(statement, values), _rows)

    async def _add(self, statement: Insert, row: Row) -> None:
        """For a new row on which nothing else depends; simultaneous ones are combined into one statement."""
        await self._workers.write(_compiled_for_rows(statement), row, _nothing)

    async def _change(self, statement: ClauseElement, values: Row) -> int:
        """Returns how many rows were changed."""
        return await self._workers.write(*_bound(statement, values), _row_count)

    async def _change_and_read(self, statement: ClauseElement, values: Row) -> list[Row]:
        """For a statement with RETURNING."""
        return await self._workers.write(*_bound(statement, values), _rows)


def _bound(statement: ClauseElement, values: Row) -> tuple[Statement, Row]:
    compiled, constants = _compiled(statement)
    return compiled, {**constants, **values} if constants else values


@cache
def _compiled(statement: ClauseElement) -> tuple[Statement, Row]:
    """The statement for the database driver, and the values that it contains; compiled once for each constant."""
    compiled = sqlite.DIALECT.statement_compiler(sqlite.DIALECT, statement)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    return Statement(str(compiled), tuple(compiled.positiontup or ())), constants


@cache
def _compiled_for_rows(statement: Insert) -> Statement:
    single, _ = _compiled(statement)
    return single._replace(row=single.sql.rpartition(" VALUES ")[2])


def _nothing(_: Cursor) -> None:
    return None


def _rows(cursor: Cursor) -> list[Row]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _row_count(cursor: Cursor) -> int:
    return cursor.rowcount

"""The store's file: its owner, and the reports and reactions if it cannot be written or was replaced."""

import asyncio
import os
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.store.sql.test_store import GRANT, url_of

from keyhole.errors import SettingsError, Unavailable
from keyhole.store.sql import sqlite
from keyhole.store.sql.store import SqlStore

READ_ONLY = "The store does not answer: attempt to write a readonly database."


async def opened_once(path: Path) -> None:
    async with SqlStore.open(url_of(path)):
        pass


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """Simulates a full disk: the write-ahead log cannot grow any more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_store_without_room_for_a_row_is_a_trouble(tmp_path: Path) -> None:
    path = tmp_path / "keyhole.db"
    async with SqlStore.open(url_of(path)) as store:
        assert await store.check() == []
        log = tmp_path / "keyhole.db-wal"
        with no_file_longer_than(log.stat().st_size):
            with pytest.raises(Unavailable) as caught:
                await store.add_grant(GRANT)
            assert await store.check() == [str(caught.value)]
        assert await store.check() == []
        await store.add_grant(GRANT)


async def test_a_file_in_the_place_of_the_one_that_is_open_is_a_trouble(tmp_path: Path) -> None:
    path = tmp_path / "keyhole.db"
    async with SqlStore.open(url_of(path)) as store:
        await store.add_grant(GRANT)
        path.rename(path.with_suffix(".moved"))
        await opened_once(path)
        words = f"The store's file {path} was replaced by another one, which is used after a restart."
        assert await store.check() == [words]


class Disk:
    """Creates connections, which are read-only if `read_only` is set at that moment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read_only = False
        self.connections = 0
        self.most_at_once = 0
        self._open = 0
        self._connect = sqlite.connect
        monkeypatch.setattr(sqlite, "connect", self.connect)
        monkeypatch.setattr("keyhole.store.sql.worker_pair.REOPEN_SECONDS", 0.0)

    def connect(self, path: Path) -> sqlite3.Connection:
        disk = self

        class Counted(sqlite3.Connection):
            def close(self) -> None:
                disk._open -= 1
                super().close()

        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Counted)
        connection.execute(f"PRAGMA query_only = {int(self.read_only)}")
        self.connections += 1
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        return connection


async def test_a_store_that_could_only_be_read_when_it_was_opened_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keyhole.db"
    await opened_once(path)
    disk = Disk(monkeypatch)
    async with SqlStore.open(url_of(path)) as store:
        assert await store.check() == []
        disk.read_only = True
        assert await store.check() == [], "what was open stays as it is"
    async with SqlStore.open(url_of(path)) as store:
        assert await store.check() == [READ_ONLY]
        with pytest.raises(Unavailable):
            await store.add_grant(GRANT)
        disk.read_only = False
        grants = [replace(GRANT, token_hash=f"{number:064x}") for number in range(20)]
        await asyncio.gather(*(store.add_grant(grant) for grant in grants), store.find_grant(GRANT.token_hash))
        assert [await store.find_grant(grant.token_hash) for grant in grants] == grants
        assert await store.check() == []
    assert disk.most_at_once == 2, "SQLite forgets only when none is open"


async def test_a_store_that_stays_so_is_not_opened_again_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keyhole.db"
    await opened_once(path)
    disk = Disk(monkeypatch)
    disk.read_only = True
    monkeypatch.setattr("keyhole.store.sql.worker_pair.REOPEN_SECONDS", 3600.0)
    async with SqlStore.open(url_of(path)) as store:
        for _ in range(10):
            assert await store.check() == [READ_ONLY]
        assert await store.find_grant(GRANT.token_hash) is None
    assert disk.connections <= 3  # one to prepare it


async def test_no_other_file_is_opened_instead(tmp_path: Path) -> None:
    path, moved = tmp_path / "keyhole.db", tmp_path / "moved.db"
    await opened_once(path)
    file = sqlite.file_id(path)
    assert file is not None
    sqlite.reconnect(path, file).close()
    path.rename(moved)
    with pytest.raises(FileNotFoundError, match=r"^its file is missing or was replaced$"):
        sqlite.reconnect(path, file)
    assert not path.exists()
    await opened_once(path)
    with pytest.raises(FileNotFoundError):
        sqlite.reconnect(path, file)


def test_a_connection_does_not_create_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keyhole.db"
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        sqlite.connect(path)
    assert not path.exists()


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
async def test_a_file_that_everybody_may_write_is_refused(tmp_path: Path, ending: str) -> None:
    path, file = tmp_path / "keyhole.db", tmp_path / f"keyhole.db{ending}"
    file.touch()
    file.chmod(0o666)
    with pytest.raises(SettingsError) as caught:
        await opened_once(path)
    assert str(caught.value) == f"store.url: {file} may be written by everybody (mode 0666)"
    file.chmod(0o644)
    await opened_once(path)


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
async def test_a_file_of_another_user_is_refused(tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path, file = tmp_path / "keyhole.db", tmp_path / f"keyhole.db{ending}"
    file.touch(0o600)
    if os.geteuid() == 0:
        os.chown(file, 4242, -1)
    else:
        other = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: other)
    with pytest.raises(SettingsError, match=rf"^store\.url: {file} belongs to another user \(uid \d+\)"):
        await opened_once(path)


async def test_that_others_may_use_the_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "keyhole.db"
    async with SqlStore.open(url_of(path)) as store:
        assert store.warnings == []
        for mode in (0o640, 0o604, 0o660):
            path.chmod(mode)
            words = f"The store's file {path} is accessible to other users: its mode is {mode:04o}, not 0600."
            assert store.warnings == [words]

"""The parts specific to SQLite: the file, its mode and its schema, several processes on it, and failures."""

import asyncio
import multiprocessing
import sqlite3
import stat
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from keyhole.errors import SettingsError, Unavailable
from keyhole.model import ConsoleType, Grant, Rights, SessionRecord, TerminationRequest, Ticket
from keyhole.reasons import Reason
from keyhole.store.sql.schema import migrate
from keyhole.store.sql.session_statements import LAST_ACCESSES
from keyhole.store.sql.sqlite import DIALECT, connect
from keyhole.store.sql.store import SqlStore
from keyhole.store.sql.tables import SCHEMA_VERSION, metadata, row_of_grant

GRANT = Grant("ab" * 32, "u", "user", "p", "s", "vm", ConsoleType.NOVNC, "unix:/x", Rights.CONTROL, 0.0, 100.0)


OLDEST_COLUMNS = frozenset(row_of_grant(GRANT)) - {"id", "revoked_at", "sealed_requester", "driver"}


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def modes_in(directory: Path) -> dict[str, int]:
    """The permissions of each file of a directory."""
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()}


def schema_of(path: Path) -> list[tuple[object, ...]]:
    """Every column and index of a database, in an order that does not depend on how it was made."""
    with sqlite3.connect(path) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found: list[tuple[object, ...]] = []
        for table in sorted(tables):
            found += [(table, *row) for row in connection.execute(f"PRAGMA table_info({table})")]
            found += [(table, *row[1:]) for row in connection.execute(f"PRAGMA index_list({table})")]
    connection.close()
    return sorted(found, key=repr)


async def test_the_file_is_its_owners_alone_and_keeps_grants_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "keyhole.db"
    async with SqlStore.open(url_of(path)) as store:
        await store.add_grant(GRANT)
        modes = modes_in(tmp_path)
        assert set(modes.values()) == {0o600}
        assert "keyhole.db-wal" in modes
    async with SqlStore.open(url_of(path)) as store:
        assert await store.find_grant(GRANT.token_hash) == GRANT


async def test_a_path_with_characters_of_a_url_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a?b#c%20d.db"
    async with SqlStore.open(url_of(path)):
        assert path.name in modes_in(tmp_path)


async def test_the_connections_are_set_up_for_sharing(tmp_path: Path) -> None:
    path = tmp_path / "keyhole.db"
    async with SqlStore.open(url_of(path)):
        connection = connect(path)
        names = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]
        connection.close()
    assert found == ["wal", 1, 5000, 1]


@pytest.mark.parametrize(
    ("name", "words"), [("", "unable to open"), ("missing/keyhole.db", "No such file or directory")]
)
async def test_a_file_that_cannot_be_opened_is_a_settings_error_of_one_line(
    tmp_path: Path, name: str, words: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        async with SqlStore.open(url_of(tmp_path / name)):
            pass
    assert str(caught.value).startswith("store.url: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_file_that_is_no_database_is_a_settings_error_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "keyhole.db"
    path.write_bytes(b"letters to a friend " * 200)
    with pytest.raises(SettingsError, match="not a database"):
        async with SqlStore.open(url_of(path)):
            pass
    assert path.read_bytes() == b"letters to a friend " * 200


async def test_a_schema_of_the_future_is_a_settings_error(tmp_path: Path) -> None:
    path = tmp_path / "keyhole.db"
    async with SqlStore.open(url_of(path)):
        pass
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(SettingsError, match="another version of Keyhole"):
        async with SqlStore.open(url_of(path)):
            pass


def test_the_migrations_lead_to_the_schema_that_a_new_database_has(tmp_path: Path) -> None:
    for name in ("new", "migrated"):
        engine = create_engine(url_of(tmp_path / name), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            if name == "new":
                metadata.create_all(connection)
            else:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                migrate(connection)
                version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
                connection.exec_driver_sql("COMMIT")
        engine.dispose()
    assert version == SCHEMA_VERSION
    assert schema_of(tmp_path / "migrated") == schema_of(tmp_path / "new")


async def test_links_that_were_made_before_the_migration_are_good_after_it(tmp_path: Path) -> None:
    engine = create_engine(url_of(tmp_path / "keyhole.db"), isolation_level="AUTOCOMMIT")
    row = {name: value for name, value in row_of_grant(GRANT).items() if name in OLDEST_COLUMNS}
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        migrate(connection, revision="0001")
        for token_hash in ("ab" * 32, "cd" * 32):
            names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
            statement = text(f"INSERT INTO grants ({names}) VALUES ({marks})")
            connection.execute(statement, row | {"token_hash": token_hash})
        connection.exec_driver_sql("COMMIT")
    engine.dispose()
    async with SqlStore.open(url_of(tmp_path / "keyhole.db")) as store:
        found = await store.redeem_grant("ab" * 32, 1.0, reusable=False)
        other = await store.find_grant("cd" * 32)
        assert found is not None
        assert other is not None
        assert replace(found, id=GRANT.id, redeemed_at=None) == GRANT
        assert found.id != other.id
        assert len(found.id) == 32


def test_the_newest_migration_is_the_schemas_version() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "keyhole.store:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA_VERSION]


async def test_an_empty_database_is_filled_at_open(tmp_path: Path) -> None:
    path = tmp_path / "keyhole.db"
    with sqlite3.connect(path) as connection:
        # What alembic leaves of a database that was taken back before the first revision.
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.close()
    async with SqlStore.open(url_of(path)) as store:
        await store.add_grant(GRANT)


@pytest.mark.programs
def test_a_start_imports_no_alembic(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from keyhole.store.sql.store import SqlStore\n"
        "async def start():\n"
        f"    async with SqlStore.open({url_of(tmp_path / 'keyhole.db')!r}): pass\n"
        "asyncio.run(start()); asyncio.run(start())\n"
        "sys.exit('alembic' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


async def test_a_locked_database_is_unavailable_and_a_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyhole.store.sql.sqlite.BUSY_TIMEOUT_SECONDS", 0.05)
    path = tmp_path / "keyhole.db"
    async with SqlStore.open(url_of(path)) as store:
        await store.add_grant(GRANT)
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked") as caught:
            await store.redeem_grant(GRANT.token_hash, 1.0, reusable=False)
        assert caught.value.__cause__ is not None
        assert GRANT.token_hash not in str(caught.value)
        assert await store.check() == ["The store does not answer: database is locked."]
        assert await store.find_grant(GRANT.token_hash) == GRANT
        blocker.close()
        assert await store.check() == []
        assert await store.redeem_grant(GRANT.token_hash, 1.0, reusable=False) is not None


async def test_a_database_that_stays_locked_while_it_is_opened_is_a_settings_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyhole.store.sql.sqlite.BUSY_TIMEOUT_SECONDS", 0.05)
    path = tmp_path / "keyhole.db"
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SettingsError, match="cannot be opened: database is locked"):
        async with SqlStore.open(url_of(path)):
            pass
    blocker.close()


async def test_a_file_that_was_taken_away_is_a_trouble(tmp_path: Path) -> None:
    path = tmp_path / "keyhole.db"
    async with SqlStore.open(url_of(path)) as store:
        path.unlink()
        assert await store.check() == [f"The store's file {path} is missing."]


async def test_an_operation_whose_caller_left_is_done_all_the_same_before_the_store_closes(tmp_path: Path) -> None:
    url = url_of(tmp_path / "keyhole.db")
    hashes = [f"{steps:064x}" for steps in range(1, 12)]
    async with SqlStore.open(url) as store:
        for steps, token_hash in enumerate(hashes, start=1):
            task = asyncio.create_task(store.add_grant(replace(GRANT, token_hash=token_hash)))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    async with SqlStore.open(url) as store:
        for token_hash in hashes:
            assert await store.find_grant(token_hash) is not None


async def test_last_openings_are_found_without_going_through_all_links(tmp_path: Path) -> None:
    path = tmp_path / "keyhole.db"
    async with SqlStore.open(url_of(path)):
        connection = connect(path)
        query = str(LAST_ACCESSES.compile(dialect=DIALECT))
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", ["[]"] * query.count("?"))]
        connection.close()
    for table in ("grants", "tickets"):
        (step,) = (step for step in plan if f" {table} " in f"{step} ")
        assert step.startswith(f"SEARCH {table} USING INDEX {table}_by_opening (")


async def test_a_reason_of_a_newer_version_reads_as_killed(tmp_path: Path) -> None:
    path = tmp_path / "keyhole.db"
    session = SessionRecord("a" * 32, "w1", None, GRANT, "[::1]:40000", 1.0, 1.0)
    async with SqlStore.open(url_of(path)) as store:
        await store.add_sessions([session])
        await store.add_tickets([Ticket("cd" * 32, GRANT, seen_at=1.0)])
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("UPDATE sessions SET end_reason = 'a_reason_to_come', end_detail = 'why'")
        other.execute("UPDATE tickets SET ended = 'a_reason_to_come', ended_detail = 'why'")
        other.close()
        assert await store.pending_terminations("w1") == [TerminationRequest(session.id, Reason.KILLED, "why")]
        ticket = await store.find_ticket("cd" * 32)
        assert ticket is not None
        assert (ticket.ended, ticket.ended_detail) == (Reason.KILLED, "why")


def redeem_all(path: Path, count: int) -> int:
    """Runs in a separate process: opens the store, which may be new, and counts the grants that it redeems."""

    async def work() -> int:
        async with SqlStore.open(url_of(path)) as store:
            won = 0
            for number in range(count):
                with suppress(Unavailable):  # Another process has added it.
                    await store.add_grant(replace(GRANT, token_hash=f"{number:064x}"))
                won += await store.redeem_grant(f"{number:064x}", 1.0, reusable=False) is not None
            return won

    return asyncio.run(work())


@pytest.mark.programs
def test_processes_create_one_file_at_once_and_redeem_each_grant_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        for attempt in range(5):
            won = pool.starmap(redeem_all, [(tmp_path / f"{attempt}.db", 10)] * 4, chunksize=1)
            assert sum(won) == 10

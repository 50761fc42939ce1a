"""Brings a database to the current schema when it is opened.

A new database is created from `tables.py` directly and an up-to-date one is left unchanged. So alembic, whose import
takes longer than all of this, is only imported if there is something to migrate.
"""

from sqlalchemy import Connection, insert, inspect, select

from keyhole.errors import SettingsError
from keyhole.store.sql.session_rows import metadata
from keyhole.store.sql.tables import SCHEMA_VERSION, schema_version


def version_of(connection: Connection) -> str | None:
    """The revision of the database's schema, None if it has none yet."""
    if not inspect(connection).has_table(schema_version.name):
        return None
    version: str | None = connection.execute(select(schema_version.c.version_num)).scalar_one_or_none()
    return version


def prepare(connection: Connection) -> None:
    """Creates or migrates the schema; `connection` is in AUTOCOMMIT mode.

    Several processes may call this at once: the first holds the write lock until the schema is complete. Raises
    SettingsError if the schema's version is unknown to this version of Keyhole.
    """
    if version_of(connection) == SCHEMA_VERSION:
        return
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        version = version_of(connection)
        if version is None:
            metadata.create_all(connection)
            connection.execute(insert(schema_version).values(version_num=SCHEMA_VERSION))
        elif version != SCHEMA_VERSION:
            migrate(connection)
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise


def migrate(connection: Connection, *, revision: str = SCHEMA_VERSION) -> None:
    """Migrates the schema up to a revision with alembic, in the connection's open transaction."""
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", "keyhole.store:migrations")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise SettingsError(
            "store.url: the database was written by another version of Keyhole, which knows more than this one"
        ) from error

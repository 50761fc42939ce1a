"""Runs the migrations on the connection that `keyhole.store.sql.schema` passes, inside its transaction."""

from alembic import context

from keyhole.store.sql.tables import metadata

# SQLite can change a schema inside a transaction; alembic's default is to assume that it cannot.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()

"""Grants get a public id and can be revoked; adds live sessions, their workers, and tickets."""

import uuid
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Gives every grant a unique id and creates the tables."""
    op.add_column("grants", sa.Column("id", sa.String(32)))
    op.add_column("grants", sa.Column("revoked_at", sa.Float))
    _name_grants()
    with op.batch_alter_table("grants") as batch:
        batch.alter_column("id", existing_type=sa.String(32), nullable=False)
    op.create_index("grants_by_id", "grants", ["id"])
    revoked = sa.text("revoked_at IS NOT NULL")
    op.create_index("grants_by_revocation", "grants", ["revoked_at"], sqlite_where=revoked, postgresql_where=revoked)
    op.create_table(
        "workers",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("seen_at", sa.Float, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("worker", sa.String(32), nullable=False),
        sa.Column("ticket_hash", sa.String(64)),
        *_grant_columns(),
        sa.Column("viewer", sa.Text, nullable=False),
        sa.Column("opened_at", sa.Float, nullable=False),
        sa.Column("last_input_at", sa.Float, nullable=False),
        sa.Column("to_viewer_bytes", sa.BigInteger, nullable=False),
        sa.Column("to_target_bytes", sa.BigInteger, nullable=False),
        sa.Column("end_reason", sa.String(64)),
        sa.Column("end_detail", sa.Text, nullable=False),
    )
    op.create_index("sessions_by_worker", "sessions", ["worker", "end_reason"])
    op.create_index("sessions_by_ticket", "sessions", ["ticket_hash"])
    op.create_index("sessions_by_console", "sessions", ["grant_id"])
    op.create_table(
        "tickets",
        sa.Column("secret_hash", sa.String(64), primary_key=True),
        *_grant_columns(),
        sa.Column("seen_at", sa.Float, nullable=False),
        sa.Column("opened_at", sa.Float),
        sa.Column("input_at", sa.Float),
        sa.Column("ended", sa.String(64)),
        sa.Column("ended_detail", sa.Text, nullable=False),
    )
    op.create_index("tickets_by_console", "tickets", ["grant_id"])
    op.create_index("tickets_by_age", "tickets", ["seen_at"])


def downgrade() -> None:
    """Drops the added columns and tables."""
    for table in ("tickets", "sessions", "workers"):
        op.drop_table(table)
    op.drop_index("grants_by_revocation", "grants")
    op.drop_index("grants_by_id", "grants")
    with op.batch_alter_table("grants") as batch:
        batch.drop_column("revoked_at")
        batch.drop_column("id")


def _name_grants() -> None:
    grants = sa.table("grants", sa.column("token_hash", sa.String), sa.column("id", sa.String))
    connection = op.get_bind()
    for token_hash in connection.execute(sa.select(grants.c.token_hash)).scalars().all():
        connection.execute(sa.update(grants).where(grants.c.token_hash == token_hash).values(id=uuid.uuid4().hex))


def _grant_columns() -> Iterator[sa.Column[object]]:
    yield sa.Column("grant_token_hash", sa.String(64), nullable=False)
    yield sa.Column("grant_user_id", sa.String(64), nullable=False)
    yield sa.Column("grant_user_name", sa.Text, nullable=False)
    yield sa.Column("grant_project_id", sa.String(64), nullable=False)
    yield sa.Column("grant_server_id", sa.String(255), nullable=False)
    yield sa.Column("grant_server_name", sa.Text, nullable=False)
    yield sa.Column("grant_console_type", sa.String(32), nullable=False)
    yield sa.Column("grant_address", sa.Text, nullable=False)
    yield sa.Column("grant_rights", sa.String(32), nullable=False)
    yield sa.Column("grant_created_at", sa.Float, nullable=False)
    yield sa.Column("grant_expires_at", sa.Float, nullable=False)
    yield sa.Column("grant_redeemed_at", sa.Float)
    yield sa.Column("grant_id", sa.String(32), nullable=False)
    yield sa.Column("grant_revoked_at", sa.Float)

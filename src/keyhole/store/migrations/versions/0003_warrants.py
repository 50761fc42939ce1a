"""A grant contains the sealed identity token that it was requested with."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

HOLDERS = ("sessions", "tickets")
"""Tables whose rows contain a complete grant."""


def upgrade() -> None:
    """Adds the columns, empty for existing rows."""
    op.add_column("grants", sa.Column("sealed_warrant", sa.Text))
    for table in HOLDERS:
        with op.batch_alter_table(table, recreate="always") as batch:
            batch.add_column(sa.Column("grant_sealed_warrant", sa.Text), insert_after="grant_revoked_at")


def downgrade() -> None:
    """Drops the added columns."""
    for table in HOLDERS:
        op.drop_column(table, "grant_sealed_warrant")
    op.drop_column("grants", "sealed_warrant")

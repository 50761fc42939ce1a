"""A grant keeps, sealed, what it was asked for with."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

HOLDERS = ("sessions", "tickets")
"""Each row of these holds its grant whole."""


def upgrade() -> None:
    """Adds the columns; of what was made before nothing is known."""
    op.add_column("grants", sa.Column("sealed_warrant", sa.Text))
    for table in HOLDERS:
        with op.batch_alter_table(table, recreate="always") as batch:
            batch.add_column(sa.Column("grant_sealed_warrant", sa.Text), insert_after="grant_revoked_at")


def downgrade() -> None:
    """Drops what was added."""
    for table in HOLDERS:
        op.drop_column(table, "grant_sealed_warrant")
    op.drop_column("grants", "sealed_warrant")

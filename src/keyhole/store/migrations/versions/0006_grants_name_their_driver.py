"""A grant names its server's driver, so that only this driver is asked for it. Older rows name none."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

HOLDERS = ("sessions", "tickets")
"""Tables whose rows contain a complete grant."""


def upgrade() -> None:
    """Adds the columns, empty."""
    op.add_column("grants", sa.Column("driver", sa.Text))
    for table in HOLDERS:
        with op.batch_alter_table(table, recreate="always") as batch:
            batch.add_column(sa.Column("grant_driver", sa.Text), insert_after="grant_sealed_requester")


def downgrade() -> None:
    """Drops the added columns."""
    for table in HOLDERS:
        op.drop_column(table, "grant_driver")
    op.drop_column("grants", "driver")

"""Renames the column of the sealed identity token that a link was requested with as in the code."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

RENAMED = {"grants": "sealed_", "sessions": "grant_sealed_", "tickets": "grant_sealed_"}


def upgrade() -> None:
    """Renames the columns in place."""
    for table, prefix in RENAMED.items():
        op.alter_column(table, f"{prefix}warrant", new_column_name=f"{prefix}requester")


def downgrade() -> None:
    """Restores the columns' previous names."""
    for table, prefix in RENAMED.items():
        op.alter_column(table, f"{prefix}requester", new_column_name=f"{prefix}warrant")

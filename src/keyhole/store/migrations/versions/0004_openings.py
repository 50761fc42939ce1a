"""Finds who opened a server's console last without scanning all links and tickets."""

from alembic import op
from sqlalchemy import text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the indexes, which contain each opening and no unopened links."""
    opened = text("redeemed_at IS NOT NULL")
    op.create_index(
        "grants_by_opening", "grants", ["server_id", "redeemed_at"], sqlite_where=opened, postgresql_where=opened
    )
    held = text("grant_redeemed_at IS NOT NULL")
    columns = ["grant_server_id", "grant_redeemed_at"]
    op.create_index("tickets_by_opening", "tickets", columns, sqlite_where=held, postgresql_where=held)


def downgrade() -> None:
    """Drops the added indexes."""
    op.drop_index("tickets_by_opening", "tickets")
    op.drop_index("grants_by_opening", "grants")

"""Grants, identity tokens and application credentials."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "grants",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("user_name", sa.Text, nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("server_id", sa.String(255), nullable=False),
        sa.Column("server_name", sa.Text, nullable=False),
        sa.Column("console_type", sa.String(32), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("rights", sa.String(32), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
        sa.Column("redeemed_at", sa.Float),
    )
    op.create_index("grants_by_expiry", "grants", ["expires_at"])
    op.create_table(
        "identity_tokens",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("user_name", sa.Text, nullable=False),
        sa.Column("project_id", sa.String(64)),
        sa.Column("project_name", sa.Text),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("methods", sa.Text, nullable=False),
        sa.Column("audit_id", sa.String(64), nullable=False),
        sa.Column("issued_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
        sa.Column("application_credential_id", sa.String(64)),
    )
    op.create_index("identity_tokens_by_expiry", "identity_tokens", ["expires_at"])
    op.create_table(
        "application_credentials",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("unrestricted", sa.Boolean, nullable=False),
    )
    op.create_index("application_credentials_by_user", "application_credentials", ["user_id", "name"], unique=True)


def downgrade() -> None:
    """Drops the tables."""
    op.drop_table("application_credentials")
    op.drop_table("identity_tokens")
    op.drop_table("grants")

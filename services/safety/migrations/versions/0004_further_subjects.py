"""Whom a picture shows beside its subject, until the verdict."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("checks", sa.Column("further_subjects", sa.JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("checks", "further_subjects")

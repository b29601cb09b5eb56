"""Whom a picture shows beside its subject, until it is published or will not be."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("publications", sa.Column("further_subjects", sa.JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("publications", "further_subjects")

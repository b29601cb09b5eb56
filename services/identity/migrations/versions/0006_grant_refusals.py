"""Which refusals under a grant were told to the person today."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grant_refusals",
        sa.Column("grant_id", sa.String(36), primary_key=True),
        sa.Column("told_on", sa.String(10), primary_key=True),
        sa.Column("reason_code", sa.String(64), primary_key=True),
        sa.Column("declared_use", sa.String(32), primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("grant_refusals")

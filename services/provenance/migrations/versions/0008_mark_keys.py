"""Which watermark keys pictures were marked with, so that a lost one is noticed."""

import sqlalchemy as sa
from alembic import op

from semblance.eventbus.tables import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mark_keys",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("first_seen_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("mark_keys")

"""Whose turn it is, until when a picture may begin, and how much of an adapter is worn."""

import sqlalchemy as sa
from alembic import op

from semblance.eventbus.tables import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("adapter_strength", sa.Float))
    for name in ("begin_by", "turn_at"):
        op.add_column("images", sa.Column(name, UtcDateTime))


def downgrade() -> None:
    for name in ("turn_at", "begin_by", "adapter_strength"):
        op.drop_column("images", name)

"""Take-down notices, and which published pictures each is about."""

import sqlalchemy as sa
from alembic import op

from semblance.eventbus.tables import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "takedowns",
        sa.Column("takedown_id", sa.String(36), primary_key=True),
        sa.Column("reference_sha256", sa.String(64), nullable=False, unique=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("relation", sa.String(20), nullable=False),
        sa.Column("statement_version", sa.String(20), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("decided_at", UtcDateTime),
        sa.Column("decided_by", sa.String(40), nullable=False),
        sa.Index("takedowns_by_state", "state", "due_at"),
    )
    op.create_table(
        "takedown_pictures",
        sa.Column("takedown_id", sa.String(36), primary_key=True),
        sa.Column("image_id", sa.String(36), primary_key=True),
        sa.Column("found_by", sa.String(12), nullable=False),
        sa.Column("confidence_0_1", sa.Float, nullable=False),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.Index("takedown_pictures_by_image", "image_id"),
    )


def downgrade() -> None:
    op.drop_table("takedown_pictures")
    op.drop_table("takedowns")

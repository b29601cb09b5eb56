"""Checks of pictures; outbox, inbox and work."""

import sqlalchemy as sa
from alembic import op

from semblance.eventbus import tables as eventbus_tables
from semblance.eventbus.tables import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    eventbus_tables.create(op)
    op.create_table(
        "checks",
        sa.Column("image_id", sa.String(36), primary_key=True),
        sa.Column("subject_id", sa.String(36), nullable=False, index=True),
        sa.Column("consent_id", sa.String(36), nullable=False),
        sa.Column("consent_revision", sa.BigInteger, nullable=False),
        sa.Column("adapter_id", sa.String(36), nullable=False),
        sa.Column("quarantine_key", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("width_px", sa.Integer, nullable=False),
        sa.Column("height_px", sa.Integer, nullable=False),
        sa.Column("backbone_digest", sa.String(128), nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("audit", sa.JSON, nullable=False),
        sa.Column("decided_at", UtcDateTime),
    )


def downgrade() -> None:
    op.drop_table("checks")
    eventbus_tables.drop(op)

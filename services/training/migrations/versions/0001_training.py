"""Runs; outbox, inbox and work."""

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
        "runs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("subject_id", sa.String(36), nullable=False, index=True),
        sa.Column("consent_id", sa.String(36), nullable=False, index=True),
        sa.Column("consent_revision", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason_code", sa.String(64), nullable=False),
        sa.Column("photo_count", sa.Integer, nullable=False),
        sa.Column("likeness", sa.Float, nullable=False),
        sa.Column("likeness_floor", sa.Float, nullable=False),
        sa.Column("lora_key", sa.String(200), nullable=False),
        sa.Column("lora_sha256", sa.String(64), nullable=False),
        sa.Column("reference_key", sa.String(200), nullable=False),
        sa.Column("backbone_digest", sa.String(64), nullable=False),
        sa.Column("requested_at", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime),
    )


def downgrade() -> None:
    op.drop_table("runs")
    eventbus_tables.drop(op)

"""Images; outbox, inbox and work."""

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
        "images",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("subject_id", sa.String(36), nullable=False, index=True),
        sa.Column("consent_id", sa.String(36), nullable=False, index=True),
        sa.Column("consent_revision", sa.BigInteger, nullable=False),
        sa.Column("adapter_id", sa.String(36), nullable=False, index=True),
        sa.Column("adapter_consent_id", sa.String(36), nullable=False, index=True),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("steps", sa.Integer),
        sa.Column("guidance_scale", sa.Float),
        sa.Column("likeness_scale", sa.Float),
        sa.Column("sealed_words", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason_codes", sa.JSON, nullable=False),
        sa.Column("quarantine_key", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("width_px", sa.Integer, nullable=False),
        sa.Column("height_px", sa.Integer, nullable=False),
        sa.Column("backbone_digest", sa.String(64), nullable=False),
        sa.Column("manifest_id", sa.String(36), nullable=False),
        sa.Column("requested_at", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime),
    )


def downgrade() -> None:
    op.drop_table("images")
    eventbus_tables.drop(op)

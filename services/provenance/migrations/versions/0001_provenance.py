"""Publications, manifests of erased people, erasures; outbox, inbox and work."""

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
        "publications",
        sa.Column("image_id", sa.String(36), primary_key=True),
        sa.Column("subject_id", sa.String(36), nullable=False, index=True),
        sa.Column("consent_id", sa.String(36), nullable=False),
        sa.Column("consent_revision", sa.Integer, nullable=False),
        sa.Column("adapter_id", sa.String(36), nullable=False),
        sa.Column("quarantine_key", sa.String(200), nullable=False),
        sa.Column("rendered_sha256", sa.String(64), nullable=False),
        sa.Column("backbone_digest", sa.String(100), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("reason_code", sa.String(64), nullable=False),
        sa.Column("manifest_id", sa.String(100), unique=True),
        sa.Column("object_key", sa.String(200)),
        sa.Column("sha256", sa.String(64), index=True),
        sa.Column("size_bytes", sa.Integer),
        sa.Column("media_type", sa.String(32)),
        sa.Column("manifest_json", sa.Text),
        sa.Column("signed_at", UtcDateTime),
    )
    op.create_table(
        "forgotten",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("forgotten_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "erasures",
        sa.Column("erasure_id", sa.String(36), primary_key=True),
        sa.Column("stores", sa.JSON, nullable=False),
        sa.Column("erased_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    for table in ("erasures", "forgotten", "publications"):
        op.drop_table(table)
    eventbus_tables.drop(op)

"""Libraries, photos, faces and the log of people; outbox, inbox and work."""

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
        "libraries",
        sa.Column("subject_id", sa.String(36), primary_key=True),
        sa.Column("last_number", sa.Integer, nullable=False),
    )
    op.create_table(
        "photos",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("subject_id", sa.String(36), nullable=False),
        sa.Column("consent_id", sa.String(36), nullable=False),
        sa.Column("consent_revision", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason_code", sa.String(40), nullable=False),
        sa.Column("verdict", sa.String(300), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("source_sha256", sa.String(64), nullable=False),
        sa.Column("dhash", sa.String(64), nullable=False),
        sa.Column("width_px", sa.Integer, nullable=False),
        sa.Column("height_px", sa.Integer, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("received_at", UtcDateTime),
    )
    op.create_index("ix_photos_subject", "photos", ["subject_id", "id"])
    op.create_index("ix_photos_consent", "photos", ["consent_id", "state"])
    op.create_index("ix_photos_state", "photos", ["state", "created_at"])
    op.create_table(
        "faces",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column(
            "photo_id", sa.String(36), sa.ForeignKey("photos.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("subject_id", sa.String(36), nullable=False, index=True),
        sa.Column("place_px", sa.JSON, nullable=False),
        sa.Column("own", sa.Boolean, nullable=False),
        sa.Column("sealed_embedding", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "people_log",
        sa.Column("subject_id", sa.String(36), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("change", sa.JSON, nullable=False),
        sa.Column("sealed_name", sa.LargeBinary),
        sa.Column("at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    for table in ("people_log", "faces", "photos", "libraries"):
        op.drop_table(table)
    eventbus_tables.drop(op)

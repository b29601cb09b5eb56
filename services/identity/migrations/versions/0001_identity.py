"""People, releases, sessions, templates, consents, erasures; outbox, inbox and work."""

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
        "subjects",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("seen_at", UtcDateTime, nullable=False, index=True),
    )
    op.create_table(
        "releases",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("subject_id", sa.String(36), nullable=False, index=True),
        sa.Column("notice_version", sa.String(32), nullable=False),
        sa.Column("notice_sha256", sa.String(64), nullable=False),
        sa.Column("purposes", sa.String(64), nullable=False),
        sa.Column("sealed_name", sa.LargeBinary, nullable=False),
        sa.Column("signed_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("subject_id", sa.String(36), nullable=False, index=True),
        sa.Column("release_id", sa.String(36), nullable=False),
        sa.Column("device_sha256", sa.String(64), nullable=False),
        sa.Column("challenge", sa.String(200), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries_left", sa.Integer, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("advice", sa.JSON, nullable=False),
        sa.Column("failure", sa.String(32)),
        sa.Column("consent_id", sa.String(36)),
    )
    op.create_table(
        "failures",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("subject_id", sa.String(36), index=True),
        sa.Column("device_sha256", sa.String(64), nullable=False, index=True),
        sa.Column("failed_at", UtcDateTime, nullable=False, index=True),
    )
    op.create_table(
        "templates",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("subject_id", sa.String(36), nullable=False, index=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("enrolled_at", UtcDateTime, nullable=False),
    )
    revision_row = op.create_table(
        "gallery_revision",
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(revision_row, [{"name": "gallery", "revision": 0}])
    op.create_table(
        "consents",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("subject_id", sa.String(36), nullable=False, index=True),
        sa.Column("session_id", sa.String(36), unique=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("purposes", sa.String(64), nullable=False),
        sa.Column("granted_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("revoked_at", UtcDateTime),
    )
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("subject_id", sa.String(36), unique=True),
        sa.Column("subject_fingerprint", sa.String(64), nullable=False, index=True),
        sa.Column("requested_at", UtcDateTime, nullable=False),
        sa.Column("key_id", sa.String(64)),
        sa.Column("key_destroyed_at", UtcDateTime),
        sa.Column("announced_at", UtcDateTime),
        sa.Column("completed_at", UtcDateTime),
        sa.Column("receipt_jws", sa.Text),
    )
    op.create_table(
        "erasure_answers",
        sa.Column("erasure_id", sa.String(36), primary_key=True),
        sa.Column("service", sa.String(32), primary_key=True),
        sa.Column("stores", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    for table in (
        "erasure_answers",
        "erasures",
        "consents",
        "gallery_revision",
        "templates",
        "failures",
        "sessions",
        "releases",
        "subjects",
    ):
        op.drop_table(table)
    eventbus_tables.drop(op)

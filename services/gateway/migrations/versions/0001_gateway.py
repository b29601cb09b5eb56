"""Accounts, logins, tombstones; jobs and their events; idempotency keys; rate limits; outbox, inbox and work."""

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
        "accounts",
        sa.Column("subject_id", sa.String(36), primary_key=True),
        sa.Column("handle", sa.String(40), unique=True),
        sa.Column("password_hash", sa.String(200)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("erasure_id", sa.String(36)),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "logins",
        sa.Column("issuer", sa.String(300), primary_key=True),
        sa.Column("subject", sa.String(255), primary_key=True),
        sa.Column("subject_id", sa.String(36), sa.ForeignKey("accounts.subject_id"), nullable=False, index=True),
    )
    op.create_table(
        "tombstones",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("erasure_id", sa.String(36), nullable=False),
        sa.Column("erased_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("subject_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason_codes", sa.JSON, nullable=False),
        sa.Column("progress", sa.JSON, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Index("ix_jobs_subject", "subject_id", "id"),
    )
    op.create_table(
        "job_events",
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("type", sa.String(10), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("ended", sa.Boolean, nullable=False),
        sa.Column("reason_codes", sa.JSON, nullable=False),
        sa.Column("progress", sa.JSON, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("resource_id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
        sa.Column("sealed_answer", sa.LargeBinary),
    )
    op.create_table(
        "rate_limits",
        sa.Column("key", sa.String(120), primary_key=True),
        sa.Column("tokens", sa.Float, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False, index=True),
    )


def downgrade() -> None:
    for name in ("rate_limits", "idempotency_keys", "job_events", "jobs", "tombstones", "logins", "accounts"):
        op.drop_table(name)
    eventbus_tables.drop(op)

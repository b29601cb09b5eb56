"""The gateway's tables. No prompt, password or photo is in any; stored answers are sealed."""

from __future__ import annotations

import sqlalchemy as sa

from semblance.eventbus.tables import UtcDateTime

metadata = sa.MetaData()

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("subject_id", sa.String(36), primary_key=True),
    sa.Column("handle", sa.String(40), unique=True),
    sa.Column("password_hash", sa.String(200)),
    sa.Column("password_set_at", UtcDateTime),  # none: at the start, or before this was kept
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("erasure_id", sa.String(36)),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

logins = sa.Table(
    "logins",
    metadata,
    sa.Column("issuer", sa.String(300), primary_key=True),
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("subject_id", sa.String(36), sa.ForeignKey("accounts.subject_id"), nullable=False, index=True),
)

tombstones = sa.Table(
    "tombstones",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("erasure_id", sa.String(36), nullable=False),
    sa.Column("erased_at", UtcDateTime, nullable=False),
)

# A row is a sign-in whose tokens hold; ending one removes it.
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("subject_id", sa.String(36), nullable=False, index=True),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
)

jobs = sa.Table(
    "jobs",
    metadata,
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

job_events = sa.Table(
    "job_events",
    metadata,
    sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("type", sa.String(10), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),
    sa.Column("reason_codes", sa.JSON, nullable=False),
    sa.Column("progress", sa.JSON, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("scope", sa.String(64), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("resource_id", sa.String(36), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
    sa.Column("sealed_answer", sa.LargeBinary),
)

rate_limits = sa.Table(
    "rate_limits",
    metadata,
    sa.Column("key", sa.String(120), primary_key=True),
    sa.Column("tokens", sa.Float, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
)

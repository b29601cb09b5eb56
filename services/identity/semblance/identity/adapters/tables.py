"""This service's tables; migrations/versions makes them. Biometric columns hold sealed bytes only."""

from __future__ import annotations

import sqlalchemy as sa

from semblance.eventbus.tables import UtcDateTime

metadata = sa.MetaData()

subjects = sa.Table(
    "subjects",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("seen_at", UtcDateTime, nullable=False, index=True),
)

releases = sa.Table(
    "releases",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("subject_id", sa.String(36), nullable=False, index=True),
    sa.Column("notice_version", sa.String(32), nullable=False),
    sa.Column("notice_sha256", sa.String(64), nullable=False),
    sa.Column("purposes", sa.String(64), nullable=False),
    sa.Column("sealed_name", sa.LargeBinary, nullable=False),
    sa.Column("signed_at", UtcDateTime, nullable=False),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("subject_id", sa.String(36), nullable=False, index=True),
    sa.Column("release_id", sa.String(36), nullable=False),
    sa.Column("device_sha256", sa.String(64), nullable=False),
    sa.Column("challenge", sa.String(200), nullable=False),
    # "#rrggbb:ms" with commas; empty for sessions that ask for no light.
    sa.Column("colours", sa.String(200), nullable=False),
    sa.Column("nonce", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("tries_left", sa.Integer, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("advice", sa.JSON, nullable=False),
    sa.Column("failure", sa.String(32)),
    sa.Column("consent_id", sa.String(36)),
)

failures = sa.Table(
    "failures",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    # NULL once the person is erased: the device stays locked out until the pause ends.
    sa.Column("subject_id", sa.String(36), index=True),
    sa.Column("device_sha256", sa.String(64), nullable=False, index=True),
    sa.Column("failed_at", UtcDateTime, nullable=False, index=True),
)

templates = sa.Table(
    "templates",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("subject_id", sa.String(36), nullable=False, index=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("enrolled_at", UtcDateTime, nullable=False),
)

# One row: every process sees by it whether its gallery is behind.
gallery_revision = sa.Table(
    "gallery_revision",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
)

consents = sa.Table(
    "consents",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("subject_id", sa.String(36), nullable=False, index=True),
    sa.Column("session_id", sa.String(36), unique=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("purposes", sa.String(64), nullable=False),
    sa.Column("granted_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("revoked_at", UtcDateTime),
)

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    # NULL once completed.
    sa.Column("subject_id", sa.String(36), unique=True),
    sa.Column("subject_fingerprint", sa.String(64), nullable=False, index=True),
    sa.Column("requested_at", UtcDateTime, nullable=False),
    sa.Column("key_id", sa.String(64)),
    sa.Column("key_destroyed_at", UtcDateTime),
    sa.Column("announced_at", UtcDateTime),
    sa.Column("completed_at", UtcDateTime),
    sa.Column("receipt_jws", sa.Text),
)

erasure_answers = sa.Table(
    "erasure_answers",
    metadata,
    sa.Column("erasure_id", sa.String(36), primary_key=True),
    sa.Column("service", sa.String(32), primary_key=True),
    # A list of pairs, store and count.
    sa.Column("stores", sa.JSON, nullable=False),
)

"""This service's table; migrations/versions makes it. Scores and boxes for audit, never pixels or embeddings."""

from __future__ import annotations

import sqlalchemy as sa

from semblance.eventbus.tables import UtcDateTime

metadata = sa.MetaData()

checks = sa.Table(
    "checks",
    metadata,
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
    # What was measured and against which thresholds.
    sa.Column("audit", sa.JSON, nullable=False),
    sa.Column("decided_at", UtcDateTime),
    # As whoever asked declared it; empty: not said.
    sa.Column("declared_use", sa.String(32), nullable=False),
    # Both until the verdict: who asked, if it was somebody else (empty: nobody), and subject, consent and revision of
    # everybody whom it shows beside its subject.
    sa.Column("requester_id", sa.String(36), nullable=False, index=True),
    sa.Column("further_subjects", sa.JSON, nullable=False),
    # The person's picture that it edits; empty: none.
    sa.Column("source_image_id", sa.String(36), nullable=False),
)

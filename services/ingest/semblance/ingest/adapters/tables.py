"""This service's tables; migrations/ makes them."""

from __future__ import annotations

import sqlalchemy as sa

from semblance.eventbus.tables import UtcDateTime

metadata = sa.MetaData()

# One row a library: its lock, and the number of its log's last entry.
libraries = sa.Table(
    "libraries",
    metadata,
    sa.Column("subject_id", sa.String(36), primary_key=True),
    sa.Column("last_number", sa.Integer, nullable=False),
)

photos = sa.Table(
    "photos",
    metadata,
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
    sa.Index("ix_photos_subject", "subject_id", "id"),
    sa.Index("ix_photos_consent", "consent_id", "state"),
    sa.Index("ix_photos_state", "state", "created_at"),
)

faces = sa.Table(
    "faces",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("photo_id", sa.String(36), sa.ForeignKey("photos.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("subject_id", sa.String(36), nullable=False, index=True),
    # x, y, width, height, then the five landmarks, in pixels.
    sa.Column("place_px", sa.JSON, nullable=False),
    sa.Column("own", sa.Boolean, nullable=False),
    sa.Column("sealed_embedding", sa.LargeBinary, nullable=False),
    # Which network made it, as semblance.faces names its models.
    sa.Column("face_model", sa.String(64), nullable=False, server_default="sface-2021dec"),
)

people_log = sa.Table(
    "people_log",
    metadata,
    sa.Column("subject_id", sa.String(36), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("change", sa.JSON, nullable=False),
    sa.Column("sealed_name", sa.LargeBinary),
    sa.Column("at", UtcDateTime, nullable=False),
)

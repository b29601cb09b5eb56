"""This service's own tables; the migrations make them."""

from __future__ import annotations

import sqlalchemy as sa

from semblance.eventbus.tables import UtcDateTime

metadata = sa.MetaData()

images = sa.Table(
    "images",
    metadata,
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
    # Sealed under the person's key; emptied when the image ends.
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
    # NULL: the subject. The word for an account that was erased is domain/image.py's.
    sa.Column("requester_id", sa.String(36), index=True),
    sa.Column("visibility", sa.String(8), nullable=False),
    # As whoever asked declared it; empty: not said.
    sa.Column("declared_use", sa.String(32), nullable=False),
    # All four are NULL for a picture that edits none.
    sa.Column("source_image_id", sa.String(36), index=True),
    sa.Column("source_consent_id", sa.String(36), index=True),
    sa.Column("strength", sa.Float),
    sa.Column("kept_part", sa.String(16)),
    # How many it shows, and where the subject stands among several.
    sa.Column("people", sa.Integer, nullable=False),
    sa.Column("area", sa.JSON(none_as_null=True)),
    # NULL: the adapter's own, at any time, and the backbone's own.
    sa.Column("adapter_strength", sa.Float),
    sa.Column("drawn_size", sa.String(16)),
    sa.Column("begin_by", UtcDateTime),
    # What queued drawings are taken by; NULL in rows older than the column.
    sa.Column("turn_at", UtcDateTime),
)

# Everybody beside the subject.
image_people = sa.Table(
    "image_people",
    metadata,
    sa.Column("image_id", sa.String(36), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("subject_id", sa.String(36), nullable=False, index=True),
    sa.Column("consent_id", sa.String(36), nullable=False, index=True),
    sa.Column("consent_revision", sa.BigInteger, nullable=False),
    sa.Column("adapter_id", sa.String(36), nullable=False, index=True),
    sa.Column("adapter_consent_id", sa.String(36), nullable=False, index=True),
    sa.Column("area", sa.JSON, nullable=False),
    # NULL: not decided yet.
    sa.Column("shown", sa.Boolean),
)

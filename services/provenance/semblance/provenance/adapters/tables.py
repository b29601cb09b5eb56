"""This service's own tables."""

from __future__ import annotations

import sqlalchemy as sa

from semblance.eventbus.tables import UtcDateTime

metadata = sa.MetaData()

publications = sa.Table(
    "publications",
    metadata,
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
    # The rest is set once the picture was published.
    sa.Column("manifest_id", sa.String(100), unique=True),
    sa.Column("object_key", sa.String(200)),
    sa.Column("sha256", sa.String(64), index=True),
    sa.Column("size_bytes", sa.Integer),
    sa.Column("media_type", sa.String(32)),
    sa.Column("manifest_json", sa.Text),
    sa.Column("signed_at", UtcDateTime),
)

# Digests of erased people's ids and of their manifests: enough to recognise what comes back, too little to name
# anybody (an id holds 74 random bits).
forgotten = sa.Table(
    "forgotten",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("forgotten_at", UtcDateTime, nullable=False),
)

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("erasure_id", sa.String(36), primary_key=True),
    # A list of pairs, store and count.
    sa.Column("stores", sa.JSON, nullable=False),
    sa.Column("erased_at", UtcDateTime, nullable=False),
)

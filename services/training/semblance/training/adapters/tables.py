"""This service's own tables; the migrations make them."""

from __future__ import annotations

import sqlalchemy as sa

from semblance.eventbus.tables import UtcDateTime

metadata = sa.MetaData()

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("subject_id", sa.String(36), nullable=False, index=True),
    sa.Column("consent_id", sa.String(36), nullable=False, index=True),
    sa.Column("consent_revision", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason_code", sa.String(64), nullable=False),
    sa.Column("photo_count", sa.Integer, nullable=False),
    sa.Column("likeness", sa.Float, nullable=False),
    sa.Column("likeness_floor", sa.Float, nullable=False),
    sa.Column("leak_places", sa.Integer, nullable=False, server_default="0"),
    sa.Column("leak_excess", sa.Float, nullable=False, server_default="0"),
    sa.Column("leak_shown_0_1", sa.Float, nullable=False, server_default="0"),
    sa.Column("leak_swapped_0_1", sa.Float, nullable=False, server_default="0"),
    sa.Column("leak_others_0_1", sa.Float, nullable=False, server_default="0"),
    sa.Column("lora_key", sa.String(200), nullable=False),
    sa.Column("lora_sha256", sa.String(64), nullable=False),
    sa.Column("reference_key", sa.String(200), nullable=False),
    sa.Column("backbone_digest", sa.String(64), nullable=False),
    sa.Column("flat_key", sa.String(200), nullable=False, server_default=""),
    sa.Column("requested_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime),
)

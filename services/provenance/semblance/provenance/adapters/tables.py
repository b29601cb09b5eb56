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
    # As whoever asked declared it; empty: not said.
    sa.Column("declared_use", sa.String(32), nullable=False),
    # Subject, consent and revision of everybody else whom it shows; emptied with its end.
    sa.Column("further_subjects", sa.JSON, nullable=False),
    # The subject's picture that it edits; empty: none.
    sa.Column("source_image_id", sa.String(36), nullable=False),
    # The rest is set once the picture was published.
    sa.Column("manifest_id", sa.String(100), unique=True),
    sa.Column("object_key", sa.String(200)),
    sa.Column("sha256", sa.String(64), index=True),
    sa.Column("size_bytes", sa.Integer),
    sa.Column("media_type", sa.String(32)),
    sa.Column("manifest_json", sa.Text),
    sa.Column("signed_at", UtcDateTime),
)

# The manifest repository. Nothing in a row says whose picture it is: the way from here to a person leads over
# publications.manifest_id alone, and an erasure takes both.
manifests = sa.Table(
    "manifests",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("manifest_id", sa.String(100), nullable=False, unique=True),
    # JUMBF, exactly as it is in the picture.
    sa.Column("store", sa.LargeBinary, nullable=False),
    sa.Column("store_sha256", sa.String(64), nullable=False),
    sa.Column("media_type", sa.String(32), nullable=False),
    sa.Column("watermark_algorithm", sa.String(100), nullable=False),
    sa.Column("watermark", sa.LargeBinary(64)),
    sa.Column("fingerprint_algorithm", sa.String(100), nullable=False),
    sa.Column("fingerprint", sa.LargeBinary(128), nullable=False),
    sa.Column("kept_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("watermark_algorithm", "watermark"),
    sqlite_autoincrement=True,
)

# Numbers of manifests that were erased, in order: what processes hold in memory follows it.
manifests_gone = sa.Table(
    "manifests_gone",
    metadata,
    sa.Column("order", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("number", sa.Integer, nullable=False),
    sqlite_autoincrement=True,
)

# Digests of erased people's ids, of their manifests and of their watermarks' random ids: enough to recognise what
# comes back, too little to name anybody (a person's id holds 74 random bits).
forgotten = sa.Table(
    "forgotten",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("forgotten_at", UtcDateTime, nullable=False),
)

takedowns = sa.Table(
    "takedowns",
    metadata,
    sa.Column("takedown_id", sa.String(36), primary_key=True),
    sa.Column("reference_sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("relation", sa.String(20), nullable=False),
    sa.Column("statement_version", sa.String(20), nullable=False),
    # Name, contact, reason and link, under the notice's own key.
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("hidden", sa.Boolean, nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("decided_at", UtcDateTime),
    sa.Column("decided_by", sa.String(40), nullable=False),
    sa.Index("takedowns_by_state", "state", "due_at"),
)

# Of a notice that is being received: written before its key is made, gone with the transaction that keeps the notice.
takedown_keys = sa.Table(
    "takedown_keys",
    metadata,
    sa.Column("takedown_id", sa.String(36), primary_key=True),
    sa.Column("begun_at", UtcDateTime, nullable=False, index=True),
)

takedown_pictures = sa.Table(
    "takedown_pictures",
    metadata,
    sa.Column("takedown_id", sa.String(36), primary_key=True),
    sa.Column("image_id", sa.String(36), primary_key=True),
    sa.Column("found_by", sa.String(12), nullable=False),
    sa.Column("confidence_0_1", sa.Float, nullable=False),
    sa.Column("hidden", sa.Boolean, nullable=False),
    sa.Index("takedown_pictures_by_image", "image_id"),
)

# Which watermark keys pictures were marked with: a digest under the key itself, from which nobody learns it.
mark_keys = sa.Table(
    "mark_keys",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("first_seen_at", UtcDateTime, nullable=False),
)

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("erasure_id", sa.String(36), primary_key=True),
    # A list of store, count and digests of identifiers.
    sa.Column("stores", sa.JSON, nullable=False),
    sa.Column("erased_at", UtcDateTime, nullable=False),
)

# Append-only: the migration's triggers refuse a change, a gap, and a deletion that is not an erasure's.
audit_entries = sa.Table(
    "audit_entries",
    metadata,
    sa.Column("subject_id", sa.String(36), primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("event_id", sa.String(200), nullable=False),
    sa.Column("event_type", sa.String(200), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)

# Where each log ends, sealed with the service's key: an end that is cut off in the database alone does not fit.
audit_heads = sa.Table(
    "audit_heads",
    metadata,
    sa.Column("subject_id", sa.String(36), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("seal", sa.String(64), nullable=False),
)

# Whose entries may be deleted; a row lives within one transaction.
audit_erasing = sa.Table("audit_erasing", metadata, sa.Column("subject_id", sa.String(36), primary_key=True))

# What stays of an erased person's log: a keyed digest of the id, and where the log ended.
audit_erased = sa.Table(
    "audit_erased",
    metadata,
    sa.Column("fingerprint", sa.String(64), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("erased_at", UtcDateTime, nullable=False),
)

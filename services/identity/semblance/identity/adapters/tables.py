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
    # Which network made it, as semblance.faces names its models.
    sa.Column("face_model", sa.String(64), nullable=False, server_default="sface-2021dec"),
)

# One row: every process sees by it whether its gallery is behind.
gallery_revision = sa.Table(
    "gallery_revision",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
)

# What the last revisions changed. Ids of templates and entries only; "" where nothing was named.
gallery_changes = sa.Table(
    "gallery_changes",
    metadata,
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("name", sa.String(36), primary_key=True),
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
    # NULL: the person's own.
    sa.Column("grantee_id", sa.String(36), index=True),
)

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    # NULL once completed.
    sa.Column("subject_id", sa.String(36), unique=True),
    sa.Column("subject_fingerprint", sa.String(64), nullable=False, index=True),
    sa.Column("requested_at", UtcDateTime, nullable=False),
    # Empty once the list is no longer kept.
    sa.Column("items_salt", sa.String(64), nullable=False, server_default=""),
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
    # A list of store, count, when, salted digests and their root; before 0005 of store and count.
    sa.Column("stores", sa.JSON, nullable=False),
)

# What an operator has to decide. `other_subject_id` is NULL once that person is erased.
reviews = sa.Table(
    "reviews",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("subject_id", sa.String(36), nullable=False, index=True),
    sa.Column("session_id", sa.String(36)),
    sa.Column("release_id", sa.String(36)),
    sa.Column("other_subject_id", sa.String(36), index=True),
    sa.Column("entry_id", sa.String(36), index=True),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("opened_at", UtcDateTime, nullable=False, index=True),
    sa.Column("decided_at", UtcDateTime),
    sa.Column("decided_by", sa.String(40)),
    sa.Column("sealed_note", sa.LargeBinary),
    sa.Column("usable_until", UtcDateTime),
    sa.Column("used_at", UtcDateTime),
    sa.Column("consent_id", sa.String(36)),
)

# Faces that nothing may be made of: sealed under a key of the entry's own id, which no person's is.
protected_faces = sa.Table(
    "protected_faces",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("purpose", sa.String(16), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("code_sha256", sa.String(64), nullable=False),
    sa.Column("added_at", UtcDateTime, nullable=False),
    sa.Column("face_model", sa.String(64), nullable=False, server_default="sface-2021dec"),
)

# Keys of entries that are being added (semblance.service_kit.begun_keys).
protection_keys = sa.Table(
    "protection_keys",
    metadata,
    sa.Column("entry_id", sa.String(36), primary_key=True),
    sa.Column("begun_at", UtcDateTime, nullable=False, index=True),
)

# Entries without effect against one person: whoever is enrolled with the face that somebody else had protected.
protection_exemptions = sa.Table(
    "protection_exemptions",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("entry_id", sa.String(36), nullable=False, index=True),
    sa.Column("subject_id", sa.String(36), nullable=False, index=True),
)

# How far a person lets others go. Limits are the person's own words, sealed.
sharing = sa.Table(
    "sharing",
    metadata,
    sa.Column("subject_id", sa.String(36), primary_key=True),
    sa.Column("level", sa.String(16), nullable=False),
    sa.Column("review", sa.Boolean, nullable=False),
    sa.Column("pictures", sa.Integer, nullable=False),
    sa.Column("sealed_limits", sa.LargeBinary, nullable=False),
    sa.Column("set_at", UtcDateTime),  # none: before this was kept
)

# The id is the consent's, once there is one.
grants = sa.Table(
    "grants",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("subject_id", sa.String(36), nullable=False, index=True),
    sa.Column("grantee_id", sa.String(36), nullable=False, index=True),
    sa.Column("grantee_is_app", sa.Boolean, nullable=False),
    sa.Column("answer", sa.String(16), nullable=False),
    sa.Column("by_level", sa.Boolean, nullable=False),
    sa.Column("asked_at", UtcDateTime, nullable=False),
    sa.Column("lapses_at", UtcDateTime, nullable=False),
    sa.Column("answered_at", UtcDateTime),
    # A keyed hash of who was asked.
    sa.Column("fingerprint", sa.String(64), nullable=False),
    # Pictures, days, review; NULL: not asked, not allowed.
    sa.Column("asked", sa.JSON(none_as_null=True)),
    sa.Column("allowed", sa.JSON(none_as_null=True)),
    # Under the grantee's key and under the subject's.
    sa.Column("sealed_purpose", sa.LargeBinary, nullable=False),
    sa.Column("sealed_terms", sa.LargeBinary, nullable=False),
)

# One row a picture that counts against a grant.
grant_uses = sa.Table(
    "grant_uses",
    metadata,
    sa.Column("grant_id", sa.String(36), primary_key=True),
    sa.Column("image_id", sa.String(36), primary_key=True),
    sa.Column("used_at", UtcDateTime, nullable=False),
)

# What a person was told of refusals under a grant, one day's: the same is told once a day.
grant_refusals = sa.Table(
    "grant_refusals",
    metadata,
    sa.Column("grant_id", sa.String(36), primary_key=True),
    sa.Column("told_on", sa.String(10), primary_key=True),
    sa.Column("reason_code", sa.String(64), primary_key=True),
    sa.Column("declared_use", sa.String(32), primary_key=True),
)

# Accounts that an operator marked as apps. The name is the operator's word, for people to read.
apps = sa.Table(
    "apps",
    metadata,
    sa.Column("subject_id", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("folded_name", sa.String(180), nullable=False, unique=True),
    sa.Column("verified_at", UtcDateTime, nullable=False),
)

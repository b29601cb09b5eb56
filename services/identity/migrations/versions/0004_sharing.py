"""What a person lets others make: levels, grants, and the pictures that count against them."""

import sqlalchemy as sa
from alembic import op

from semblance.eventbus.tables import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consents", sa.Column("grantee_id", sa.String(36)))
    op.create_index("ix_consents_grantee_id", "consents", ["grantee_id"])
    op.create_table(
        "sharing",
        sa.Column("subject_id", sa.String(36), primary_key=True),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("review", sa.Boolean, nullable=False),
        sa.Column("pictures", sa.Integer, nullable=False),
        sa.Column("sealed_limits", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("subject_id", sa.String(36), nullable=False, index=True),
        sa.Column("grantee_id", sa.String(36), nullable=False, index=True),
        sa.Column("grantee_is_app", sa.Boolean, nullable=False),
        sa.Column("answer", sa.String(16), nullable=False),
        sa.Column("by_level", sa.Boolean, nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.Column("lapses_at", UtcDateTime, nullable=False),
        sa.Column("answered_at", UtcDateTime),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("asked", sa.JSON),
        sa.Column("allowed", sa.JSON),
        sa.Column("sealed_purpose", sa.LargeBinary, nullable=False),
        sa.Column("sealed_terms", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "grant_uses",
        sa.Column("grant_id", sa.String(36), primary_key=True),
        sa.Column("image_id", sa.String(36), primary_key=True),
        sa.Column("used_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "apps",
        sa.Column("subject_id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("folded_name", sa.String(180), nullable=False, unique=True),
        sa.Column("verified_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    for table in ("apps", "grant_uses", "grants", "sharing"):
        op.drop_table(table)
    op.drop_index("ix_consents_grantee_id", "consents")
    op.drop_column("consents", "grantee_id")

"""People who asked not to be depicted, and what an operator has to decide."""

import sqlalchemy as sa
from alembic import op

from semblance.eventbus.tables import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reviews",
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
    op.create_table(
        "protected_faces",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("code_sha256", sa.String(64), nullable=False),
        sa.Column("added_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "protection_exemptions",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("entry_id", sa.String(36), nullable=False, index=True),
        sa.Column("subject_id", sa.String(36), nullable=False, index=True),
    )


def downgrade() -> None:
    for table in ("protection_exemptions", "protected_faces", "reviews"):
        op.drop_table(table)

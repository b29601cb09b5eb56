"""The manifest repository: every manifest store with what finds it again, apart from whose picture it is."""

import sqlalchemy as sa
from alembic import op

from semblance.eventbus.tables import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "manifests",
        # Never given twice, so that a process that remembers a number is not told of another manifest by it.
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("manifest_id", sa.String(100), nullable=False, unique=True),
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
    op.create_table(
        "manifests_gone",
        sa.Column("order", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("number", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("manifests_gone")
    op.drop_table("manifests")

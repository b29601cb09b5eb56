"""What training told of each adapter: its digest, its backbone, of how many photos."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "adapters",
        sa.Column("adapter_id", sa.String(36), primary_key=True),
        sa.Column("subject_id", sa.String(36), nullable=False, index=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("backbone_digest", sa.String(100), nullable=False),
        sa.Column("photo_count", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("adapters")

"""Pictures that somebody else asked for: who, and whether they may see them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("requester_id", sa.String(36)))
    op.add_column("images", sa.Column("visibility", sa.String(8), nullable=False, server_default="shown"))
    op.create_index("ix_images_requester_id", "images", ["requester_id"])


def downgrade() -> None:
    op.drop_index("ix_images_requester_id", "images")
    op.drop_column("images", "visibility")
    op.drop_column("images", "requester_id")

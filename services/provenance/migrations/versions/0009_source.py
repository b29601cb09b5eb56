"""Which picture one edits: it becomes the manifest's parent."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("publications", sa.Column("source_image_id", sa.String(36), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("publications", "source_image_id")

"""Which picture one edits: it travels with the verdict."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("checks", sa.Column("source_image_id", sa.String(36), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("checks", "source_image_id")

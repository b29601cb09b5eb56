"""What a picture is for, as whoever asked declared it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("declared_use", sa.String(32), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("images", "declared_use")

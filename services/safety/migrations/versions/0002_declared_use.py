"""What a picture is for, as whoever asked declared it: it travels with the verdict."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("checks", sa.Column("declared_use", sa.String(32), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("checks", "declared_use")

"""Which size was asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("drawn_size", sa.String(16)))


def downgrade() -> None:
    op.drop_column("images", "drawn_size")

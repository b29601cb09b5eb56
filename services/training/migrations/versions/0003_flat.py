"""Where the LoRA lies as generation's slots take it; adapters from before have none."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("flat_key", sa.String(200), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("runs") as table:
        table.drop_column("flat_key")

"""Who asked for a picture of somebody else, until the verdict: the people in their photos are looked for too."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("checks", sa.Column("requester_id", sa.String(36), nullable=False, server_default=""))
    op.create_index("ix_checks_requester_id", "checks", ["requester_id"])


def downgrade() -> None:
    op.drop_index("ix_checks_requester_id", "checks")
    op.drop_column("checks", "requester_id")

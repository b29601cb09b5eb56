"""The colours that a capture session asks the screen to show."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Sessions that are open during the upgrade were shown no colours, so none are asked of them.
    op.add_column("sessions", sa.Column("colours", sa.String(200), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("sessions", "colours")

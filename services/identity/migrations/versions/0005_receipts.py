"""What a consent was given to, and what an erasure destroyed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A salt for the list of what an erasure destroyed; older erasures have no list."""
    op.add_column("erasures", sa.Column("items_salt", sa.String(64), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("erasures", "items_salt")

"""Keys of notices that are being received: whoever is killed before the notice is kept leaves one to be swept."""

import sqlalchemy as sa
from alembic import op

from semblance.eventbus.tables import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "takedown_keys",
        sa.Column("takedown_id", sa.String(36), primary_key=True),
        sa.Column("begun_at", UtcDateTime, nullable=False, index=True),
    )


def downgrade() -> None:
    op.drop_table("takedown_keys")

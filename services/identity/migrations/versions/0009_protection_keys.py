"""Keys of entries that are being added: whoever is killed before the entry is kept leaves one to be swept."""

import sqlalchemy as sa
from alembic import op

from semblance.eventbus.tables import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "protection_keys",
        sa.Column("entry_id", sa.String(36), primary_key=True),
        sa.Column("begun_at", UtcDateTime, nullable=False, index=True),
    )


def downgrade() -> None:
    op.drop_table("protection_keys")

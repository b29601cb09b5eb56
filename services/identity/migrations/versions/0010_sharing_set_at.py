"""When a person last said how far others may go: after a restore the later word of two is theirs."""

import sqlalchemy as sa
from alembic import op

from semblance.eventbus.tables import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sharing", sa.Column("set_at", UtcDateTime))


def downgrade() -> None:
    op.drop_column("sharing", "set_at")

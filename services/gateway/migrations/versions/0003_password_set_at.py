"""When a password was set: after a restore the later of two is the person's."""

import sqlalchemy as sa
from alembic import op

from semblance.eventbus.tables import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("password_set_at", UtcDateTime))


def downgrade() -> None:
    op.drop_column("accounts", "password_set_at")

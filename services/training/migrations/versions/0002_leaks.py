"""What was found of people where they should not be; rows from before have looked at no places."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SHARES = ("leak_excess", "leak_shown_0_1", "leak_swapped_0_1", "leak_others_0_1")


def upgrade() -> None:
    op.add_column("runs", sa.Column("leak_places", sa.Integer, nullable=False, server_default="0"))
    for name in _SHARES:
        op.add_column("runs", sa.Column(name, sa.Float, nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("runs") as table:
        for name in ("leak_places", *_SHARES):
            table.drop_column(name)

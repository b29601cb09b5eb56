"""Which face model made a face's numbers; until now there was one."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("faces", sa.Column("face_model", sa.String(64), nullable=False, server_default="sface-2021dec"))


def downgrade() -> None:
    op.drop_column("faces", "face_model")

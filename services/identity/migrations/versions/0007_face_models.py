"""Which face model made a template or an entry; until now there was one."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = ("templates", "protected_faces")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("face_model", sa.String(64), nullable=False, server_default="sface-2021dec"))


def downgrade() -> None:
    # What another model made cannot be told apart without the column, and would be compared.
    for table in _TABLES:
        op.execute(sa.text(f"DELETE FROM {table} WHERE face_model <> 'sface-2021dec'"))  # noqa: S608 - our own names
        op.drop_column(table, "face_model")

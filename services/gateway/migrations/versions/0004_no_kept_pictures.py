"""Answers that hold a picture go: which picture it was is kept for a retry from now on, and not its bytes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_LONGEST_WITHOUT = 4096  # the smallest picture, in base64, is longer


def upgrade() -> None:
    keys = sa.table("idempotency_keys", sa.column("sealed_answer", sa.LargeBinary))
    op.execute(sa.delete(keys).where(sa.func.length(keys.c.sealed_answer) > _LONGEST_WITHOUT))


def downgrade() -> None:
    """Nothing to bring back."""

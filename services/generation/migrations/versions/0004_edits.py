"""Pictures that begin at another one."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("source_image_id", "source_consent_id"):
        op.add_column("images", sa.Column(name, sa.String(36)))
        op.create_index(f"ix_images_{name}", "images", [name])
    op.add_column("images", sa.Column("strength", sa.Float))
    op.add_column("images", sa.Column("kept_part", sa.String(16)))


def downgrade() -> None:
    op.drop_column("images", "kept_part")
    op.drop_column("images", "strength")
    for name in ("source_consent_id", "source_image_id"):
        op.drop_index(f"ix_images_{name}", "images")
        op.drop_column("images", name)

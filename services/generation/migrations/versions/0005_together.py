"""Pictures of several people."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("people", sa.Integer, nullable=False, server_default="1"))
    op.add_column("images", sa.Column("area", sa.JSON(none_as_null=True)))
    op.create_table(
        "image_people",
        sa.Column("image_id", sa.String(36), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("subject_id", sa.String(36), nullable=False, index=True),
        sa.Column("consent_id", sa.String(36), nullable=False, index=True),
        sa.Column("consent_revision", sa.BigInteger, nullable=False),
        sa.Column("adapter_id", sa.String(36), nullable=False, index=True),
        sa.Column("adapter_consent_id", sa.String(36), nullable=False, index=True),
        sa.Column("area", sa.JSON, nullable=False),
        sa.Column("shown", sa.Boolean),
    )


def downgrade() -> None:
    op.drop_table("image_people")
    op.drop_column("images", "area")
    op.drop_column("images", "people")

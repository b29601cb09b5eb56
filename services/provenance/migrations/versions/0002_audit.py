"""The audit log of each person, and what keeps it append-only in the database itself."""

import sqlalchemy as sa
from alembic import op

from semblance.eventbus.tables import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# An entry follows the last one, is never changed, and goes only with a person who is being erased.
_SQLITE = """
CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END;
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
WHEN NOT EXISTS (SELECT 1 FROM audit_erasing WHERE subject_id = OLD.subject_id)
BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END;
CREATE TRIGGER audit_entries_at_the_end BEFORE INSERT ON audit_entries
WHEN NEW.sequence <> (SELECT COALESCE(MAX(sequence), 0) + 1 FROM audit_entries WHERE subject_id = NEW.subject_id)
BEGIN SELECT RAISE(ABORT, 'an audit entry follows the last one'); END;
"""
_POSTGRES = """
CREATE FUNCTION audit_entries_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.sequence <> (SELECT COALESCE(MAX(sequence), 0) + 1 FROM audit_entries WHERE subject_id = NEW.subject_id) THEN
      RAISE EXCEPTION 'an audit entry follows the last one' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM audit_erasing WHERE subject_id = OLD.subject_id) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'audit_entries is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
--
CREATE TRIGGER audit_entries_guard BEFORE INSERT OR UPDATE OR DELETE ON audit_entries
FOR EACH ROW EXECUTE FUNCTION audit_entries_guard();
--
CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries
FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_guard();
"""


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("subject_id", sa.String(36), primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("event_id", sa.String(200), nullable=False),
        sa.Column("event_type", sa.String(200), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.UniqueConstraint("subject_id", "event_id"),
    )
    op.create_table(
        "audit_heads",
        sa.Column("subject_id", sa.String(36), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("seal", sa.String(64), nullable=False),
    )
    op.create_table("audit_erasing", sa.Column("subject_id", sa.String(36), primary_key=True))
    op.create_table(
        "audit_erased",
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("erased_at", UtcDateTime, nullable=False),
    )
    for statement in _statements():
        op.execute(statement)


def downgrade() -> None:
    for table in ("audit_erased", "audit_heads", "audit_entries", "audit_erasing"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_entries_guard()")


def _statements() -> list[str]:
    if op.get_bind().dialect.name == "postgresql":
        return _POSTGRES.split("--\n")
    return [f"{part.strip()} END" for part in _SQLITE.split("END;") if part.strip()]

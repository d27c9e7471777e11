"""Files of partners, clients or contracts that staff bring in, line by line."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0017", "0016"
branch_labels = depends_on = None

KINDS = ("partners", "clients", "contracts")
STATES = ("columns", "checking", "checked", "running", "done", "undoing", "undone")
OUTCOMES = ("waiting", "created", "changed", "unchanged", "refused", "taken_back", "stays")


def upgrade() -> None:
    op.create_table(
        "import_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Enum(*KINDS, name="importkind", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("state", sa.Enum(*STATES, name="importstate", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("heads", sa.JSON(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("recognised", sa.String(length=200), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_file")),
        sa.ForeignKeyConstraint(["created_by_id"], ["ab_user.id"], name=op.f("fk_import_file_created_by_id_ab_user")),
    )
    op.create_index(op.f("ix_import_file_created_by_id"), "import_file", ["created_by_id"])
    op.create_table(
        "import_line",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.Enum(*OUTCOMES, name="outcome", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("record_name", sa.String(length=200), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("record_version", sa.Integer(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_line")),
        sa.ForeignKeyConstraint(["import_id"], ["import_file.id"], name=op.f("fk_import_line_import_id_import_file"), ondelete="CASCADE"),
    )
    op.create_index("ix_import_line_outcome", "import_line", ["import_id", "outcome", "number"])
    op.create_index("ix_import_line_key", "import_line", ["import_id", "key", "number"])


def downgrade() -> None:
    op.drop_table("import_line")
    op.drop_table("import_file")

"""Fields that administrators add to partners, clients and contracts, and the options of those that are chosen from a list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision, down_revision = "0014", "0013"
branch_labels = depends_on = None

HOLDERS = ("partner", "client", "contract")
KINDS = ("text", "choice", "date", "number", "amount", "yes_no", "link")
PORTAL = ("hidden", "shown", "written")


def record_columns() -> list[sa.Column]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "custom_field",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=20), nullable=False),
        sa.Column("holder", sa.Enum(*HOLDERS, name="fieldholder", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("kind", sa.Enum(*KINDS, name="fieldkind", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("section", sa.JSON(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("portal", sa.Enum(*PORTAL, name="fieldportal", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("indexed", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        *record_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_field")),
        sa.UniqueConstraint("key", name=op.f("uq_custom_field_key")),
    )
    op.create_table(
        "custom_option",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("field_id", sa.Integer(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        *record_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_option")),
        sa.ForeignKeyConstraint(["field_id"], ["custom_field.id"], name=op.f("fk_custom_option_field_id_custom_field"), ondelete="CASCADE"),
    )
    op.create_index(op.f("ix_custom_option_field_id"), "custom_option", ["field_id"])
    for table in HOLDERS:
        op.add_column(table, sa.Column("custom", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False, server_default="{}"))


def downgrade() -> None:
    for table in HOLDERS:
        for index in custom_indexes(table):
            op.execute(f'DROP INDEX "{index}"')
        op.drop_column(table, "custom")
    op.drop_table("custom_option")
    op.drop_table("custom_field")


def custom_indexes(table: str) -> list[str]:
    """The indexes that ticked fields have made: named after their key."""
    catalogue = (
        "SELECT indexname FROM pg_indexes WHERE tablename = :table"
        if op.get_bind().dialect.name == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :table"
    )
    names = [name for (name,) in op.get_bind().execute(sa.text(catalogue), {"table": table})]
    return [name for name in names if name.startswith(f"ix_{table}_x_")]

"""Clients' drives: folders, files and their versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0026", "0025"
branch_labels = depends_on = None

MOMENT = sa.DateTime(timezone=True)


def record() -> tuple[sa.Column, ...]:
    """What every record has."""
    return (sa.Column("created_at", MOMENT, nullable=False), sa.Column("updated_at", MOMENT, nullable=False), sa.Column("version", sa.Integer(), nullable=False))


def kept() -> tuple[sa.Column, ...]:
    """What is known of a kept file."""
    return (
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
    )


def upgrade() -> None:
    op.create_table(
        "folder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_key", sa.String(length=200), nullable=False),
        *record(),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_folder_not_in_itself")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_folder_client_id_client"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["parent_id"], ["folder.id"], name=op.f("fk_folder_parent_id_folder")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_folder")),
        sa.UniqueConstraint("parent_id", "name_key", name=op.f("uq_folder_parent_id_name_key")),
    )
    op.create_index(op.f("ix_folder_client_id"), "folder", ["client_id"])
    top = sa.text("parent_id IS NULL")
    op.create_index("uq_folder_at_the_top", "folder", ["client_id", "name_key"], unique=True, sqlite_where=top, postgresql_where=top)
    op.create_table(
        "client_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("folder_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.String(length=300), nullable=False),
        *kept(),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", MOMENT, nullable=True),
        *record(),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_file_client_id_client"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["folder_id"], ["folder.id"], name=op.f("fk_client_file_folder_id_folder")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_file")),
    )
    op.create_index("ix_client_file_place", "client_file", ["client_id", "folder_id", "name_key"])
    op.create_index(op.f("ix_client_file_folder_id"), "client_file", ["folder_id"])
    op.create_table(
        "client_file_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        *kept(),
        *record(),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_file_version_client_id_client"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["file_id"], ["client_file.id"], name=op.f("fk_client_file_version_file_id_client_file"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_file_version")),
        sa.UniqueConstraint("file_id", "number", name=op.f("uq_client_file_version_file_id_number")),
    )
    op.create_index(op.f("ix_client_file_version_client_id"), "client_file_version", ["client_id"])
    op.create_index(op.f("ix_client_file_version_key"), "client_file_version", ["key"])


def downgrade() -> None:
    for table in ("client_file_version", "client_file", "folder"):
        op.drop_table(table)

"""What people set for themselves, the lists they keep under a name, and people found by a name without its accents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from anyascii import anyascii

revision, down_revision = "0009", "0008"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "preference",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_preference_user_id_ab_user")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_preference")),
    )
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("place", sa.String(length=60), nullable=False),
        sa.Column("query", sa.String(length=2000), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["ab_user.id"], name=op.f("fk_saved_view_owner_id_ab_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("owner_id", "place", "name", name=op.f("uq_saved_view_owner_id_place_name")),
    )
    op.create_index(op.f("ix_saved_view_owner_id"), "saved_view", ["owner_id"], unique=False)
    op.create_index(op.f("ix_saved_view_place"), "saved_view", ["place"], unique=False)
    op.add_column("ab_user", sa.Column("search_text", sa.Text(), nullable=False, server_default=""))
    people = sa.table("ab_user", *(sa.column(name) for name in ("id", "first_name", "last_name", "email", "search_text")))
    connection = op.get_bind()
    for person in connection.execute(sa.select(people)).all():
        words = " ".join(anyascii(f"{person.first_name} {person.last_name} {person.email}").lower().split())
        connection.execute(people.update().where(people.c.id == person.id).values(search_text=words))


def downgrade() -> None:
    with op.batch_alter_table("ab_user") as table:
        table.drop_column("search_text")
    op.drop_table("saved_view")
    op.drop_table("preference")

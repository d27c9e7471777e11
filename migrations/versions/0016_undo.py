"""A person's last change of many records, to be taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0016", "0015"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "undo",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=60), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_undo_user_id_ab_user")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_undo")),
    )


def downgrade() -> None:
    op.drop_table("undo")

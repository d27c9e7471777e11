"""Second factors, and what a sign-in says of itself: where from, with what, whether a code is still to come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0022", "0021"
branch_labels = depends_on = None

ADDED = ("awaits", "address", "browser", "proved_at")


def upgrade() -> None:
    op.create_table(
        "second_factor",
        sa.Column("user_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("begun_by", sa.String(length=64), nullable=False, server_default=""),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("recovery", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factor")),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_second_factor_user_id_ab_user")),
    )
    op.add_column("sign_in", sa.Column("awaits", sa.String(length=10), nullable=False, server_default=""))
    op.add_column("sign_in", sa.Column("address", sa.String(length=45), nullable=False, server_default=""))
    op.add_column("sign_in", sa.Column("browser", sa.String(length=60), nullable=False, server_default=""))
    op.add_column("sign_in", sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    # A sign-in that still waits for its code must not become a whole one.
    op.execute("DELETE FROM sign_in WHERE awaits <> ''")
    for name in reversed(ADDED):
        op.drop_column("sign_in", name)
    op.drop_table("second_factor")

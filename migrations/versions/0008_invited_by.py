"""Who sent an invitation, so that it dies when that person's own access does."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0008", "0007"
branch_labels = depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("one_time_link") as table:
        table.add_column(sa.Column("invited_by_id", sa.Integer()))
        table.create_foreign_key("fk_one_time_link_invited_by_id_ab_user", "ab_user", ["invited_by_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("one_time_link") as table:
        table.drop_constraint("fk_one_time_link_invited_by_id_ab_user", type_="foreignkey")
        table.drop_column("invited_by_id")

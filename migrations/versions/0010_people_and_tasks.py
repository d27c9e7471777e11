"""How a person's pages look (photo, density); one's own tasks by who and when, for they are counted on every page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0010", "0009"
branch_labels = depends_on = None


def upgrade() -> None:
    op.add_column("ab_user", sa.Column("photo", sa.String(length=40), nullable=True))
    op.add_column("ab_user", sa.Column("density", sa.String(length=10), nullable=True))
    op.create_index("ix_task_assignee", "task", ["assignee_id", "done_on", "due_on"])


def downgrade() -> None:
    op.drop_index("ix_task_assignee", table_name="task")
    with op.batch_alter_table("ab_user") as table:
        table.drop_column("density")
        table.drop_column("photo")

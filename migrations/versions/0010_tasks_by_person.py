"""One's own tasks are found by who they are given to and when they are due: they are counted on every page."""

from __future__ import annotations

from alembic import op

revision, down_revision = "0010", "0009"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_index("ix_task_assignee", "task", ["assignee_id", "done_on", "due_on"])


def downgrade() -> None:
    op.drop_index("ix_task_assignee", table_name="task")

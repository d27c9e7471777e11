"""Tasks that are about one client."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0031", "0030"
branch_labels = depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("task") as batch:
        batch.add_column(sa.Column("client_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_task_client_id_client"), "client", ["client_id"], ["id"], ondelete="SET NULL")
    op.create_index(op.f("ix_task_client_id"), "task", ["client_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_task_client_id"), "task")
    with op.batch_alter_table("task") as batch:
        batch.drop_constraint(op.f("fk_task_client_id_client"), type_="foreignkey")
        batch.drop_column("client_id")

"""Which mail a questionnaire was last sent with, to say whether that one is held back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0034", "0033"
branch_labels = depends_on = None


def upgrade() -> None:
    op.add_column("questionnaire_sent", sa.Column("message_id", sa.String(200), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("questionnaire_sent", "message_id")

"""A partner's logo, at the top of its own pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0015", "0014"
branch_labels = depends_on = None


def upgrade() -> None:
    op.add_column("partner", sa.Column("logo", sa.String(length=40), nullable=True))


def downgrade() -> None:
    op.drop_column("partner", "logo")

"""The brand under which a partner's clients are written to: a colour, a sender's name, an address for answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0027", "0026"
branch_labels = depends_on = None

COLUMNS = {"partner": {"brand_colour": 7, "sender_name": 100, "reply_to": 320}, "mail": {"sender_name": 100, "reply_to": 320}}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for name, length in columns.items():
            op.add_column(table, sa.Column(name, sa.String(length=length), nullable=True))


def downgrade() -> None:
    for table, columns in COLUMNS.items():
        for name in columns:
            op.drop_column(table, name)

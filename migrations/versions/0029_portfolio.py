"""Moves of clients from one partner or adviser to another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0029", "0028"
branch_labels = depends_on = None

MOMENT = sa.DateTime(timezone=True)


def to(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_portfolio_move_{column}_{target}"))


def upgrade() -> None:
    op.create_table(
        "portfolio_move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("from_partner_id", sa.Integer(), nullable=False),
        sa.Column("from_adviser_id", sa.Integer(), nullable=True),
        sa.Column("to_partner_id", sa.Integer(), nullable=False),
        sa.Column("to_adviser_id", sa.Integer(), nullable=True),
        sa.Column("moves_on", sa.Date(), nullable=False),
        sa.Column("letter", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Enum("planned", "done", "cancelled", name="movestate", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        to("from_partner_id", "partner"),
        to("from_adviser_id", "ab_user"),
        to("to_partner_id", "partner"),
        to("to_adviser_id", "ab_user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portfolio_move")),
    )
    op.create_index(op.f("ix_portfolio_move_from_partner_id"), "portfolio_move", ["from_partner_id"])
    op.create_index("ix_portfolio_move_due", "portfolio_move", ["state", "moves_on"])


def downgrade() -> None:
    op.drop_table("portfolio_move")

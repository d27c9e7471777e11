"""Complaints, requests about data, and what is kept locked of deleted clients."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0028", "0027"
branch_labels = depends_on = None

MOMENT, DAY = sa.DateTime(timezone=True), sa.Date()


def record() -> tuple[sa.Column, ...]:
    """What every record has."""
    return (sa.Column("created_at", MOMENT, nullable=False), sa.Column("updated_at", MOMENT, nullable=False), sa.Column("version", sa.Integer(), nullable=False))


def number(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def text(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length=length), nullable=False)


def choice(name: str, check: str, *values: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Enum(*values, name=check, native_enum=False, create_constraint=True, length=30), nullable=nullable)


def to(table: str, column: str, target: str, **options: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"), **options)


def upgrade() -> None:
    op.create_table(
        "complaint",
        number("id"),
        number("partner_id"),
        number("client_id", nullable=True),
        sa.Column("client_name", sa.String(length=200), nullable=True),
        sa.Column("received_on", DAY, nullable=False),
        choice("channel", "channel", "letter", "email", "phone", "visit"),
        text("subject", 200),
        sa.Column("text", sa.Text(), nullable=False),
        choice("status", "complaintstatus", "received", "acknowledged", "answered"),
        sa.Column("acknowledge_by", DAY, nullable=False),
        sa.Column("acknowledged_on", DAY, nullable=True),
        sa.Column("answer_by", DAY, nullable=False),
        sa.Column("answered_on", DAY, nullable=True),
        choice("outcome", "complaintoutcome", "accepted", "partly", "rejected", nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        *record(),
        sa.CheckConstraint("acknowledged_on IS NULL OR acknowledged_on >= received_on", name=op.f("ck_complaint_acknowledged_after_it_came")),
        sa.CheckConstraint("answered_on IS NULL OR answered_on >= received_on", name=op.f("ck_complaint_answered_after_it_came")),
        to("complaint", "partner_id", "partner"),
        to("complaint", "client_id", "client", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
    )
    op.create_index(op.f("ix_complaint_partner_id"), "complaint", ["partner_id"])
    op.create_index(op.f("ix_complaint_client_id"), "complaint", ["client_id"])
    op.create_index("ix_complaint_status", "complaint", ["status", "answer_by"])
    op.create_table(
        "data_request",
        number("id"),
        number("client_id"),
        choice("kind", "requestkind", "access", "correction", "restriction", "erasure", "objection"),
        sa.Column("received_on", DAY, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("answer_by", DAY, nullable=False),
        sa.Column("done_on", DAY, nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        *record(),
        to("data_request", "client_id", "client", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_request")),
    )
    op.create_index(op.f("ix_data_request_client_id"), "data_request", ["client_id"])
    op.create_table(
        "locked_file",
        number("id"),
        number("partner_id", nullable=True),
        text("name", 200),
        text("purpose", 300),
        sa.Column("until", DAY, nullable=False),
        text("deleted_by", 200),
        number("client_id"),
        sa.Column("content", sa.JSON(), nullable=False),
        *record(),
        to("locked_file", "partner_id", "partner"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locked_file")),
    )
    op.create_index(op.f("ix_locked_file_partner_id"), "locked_file", ["partner_id"])
    op.create_index(op.f("ix_locked_file_until"), "locked_file", ["until"])
    op.create_table(
        "locked_bytes",
        number("id"),
        number("locked_id"),
        text("key", 80),
        text("name", 250),
        *record(),
        to("locked_bytes", "locked_id", "locked_file", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locked_bytes")),
    )
    op.create_index(op.f("ix_locked_bytes_locked_id"), "locked_bytes", ["locked_id"])
    op.create_index(op.f("ix_locked_bytes_key"), "locked_bytes", ["key"])


def downgrade() -> None:
    for table in ("locked_bytes", "locked_file", "data_request", "complaint"):
        op.drop_table(table)

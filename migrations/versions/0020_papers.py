"""What identity documents say lies apart from their files; reminders; "seen" among the deeds of history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0020", "0019"
branch_labels = depends_on = None

DEEDS = ("added", "changed", "deleted", "bulk", "seen")


def deeds() -> None:
    """The check of history.deed. SQLite's copy of a table leaves checks out, so there it is only put in again."""
    condition = f"deed IN ({', '.join(repr(deed) for deed in DEEDS)})"
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("history", recreate="always") as table:
            table.create_check_constraint(op.f("ck_history_deed"), condition)
    else:
        op.drop_constraint(op.f("ck_history_deed"), "history", type_="check")
        op.create_check_constraint(op.f("ck_history_deed"), "history", condition)


def upgrade() -> None:
    op.create_table(
        "identity_paper",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("zone", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_paper")),
        sa.UniqueConstraint("document_id", name=op.f("uq_identity_paper_document_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_identity_paper_partner_id_partner")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_identity_paper_document_id_document"), ondelete="CASCADE"),
    )
    op.create_index(op.f("ix_identity_paper_partner_id"), "identity_paper", ["partner_id"])
    op.create_table(
        "reminder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(length=60), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint("partner_id", "about", name=op.f("uq_reminder_partner_id_about")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_reminder_partner_id_partner")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_reminder_task_id_task"), ondelete="SET NULL"),
    )
    op.execute(
        "INSERT INTO identity_paper (partner_id, document_id, number, zone, created_at, updated_at, version)"
        " SELECT partner_id, id, COALESCE(number, ''), '', created_at, updated_at, 1 FROM document WHERE kind = 'identity'"
    )
    op.execute("UPDATE document SET number = NULL WHERE kind = 'identity'")
    hide_asked_numbers()
    deeds()


def hide_asked_numbers() -> None:
    """Proofs of earlier checks keep which document it was, not its number. What history held of it is no longer shown."""
    check = sa.table("register_check", sa.column("id"), sa.column("kind"), sa.column("asked"), sa.column("answered", sa.JSON()))
    bind = op.get_bind()
    for row in bind.execute(sa.select(check.c.id, check.c.asked, check.c.answered).where(check.c.kind == "identity")).all():
        answered = {key: hidden(value) if key == "number" else value for key, value in (row.answered or {}).items()}
        bind.execute(check.update().where(check.c.id == row.id).values(asked=hidden(row.asked), answered=answered))


def hidden(number: str) -> str:
    return f"…{number[-4:]}" if len(number) > 4 else number


def downgrade() -> None:
    op.execute("UPDATE document SET number = (SELECT number FROM identity_paper WHERE document_id = document.id) WHERE kind = 'identity'")
    op.drop_table("reminder")
    op.drop_table("identity_paper")
    # History's check stays as wide as it is: an entry of the chain can be neither changed nor left out.

"""Background work, and the states in which a mail can be on its way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0018", "0017"
branch_labels = depends_on = None

BEFORE = ("queued", "sent", "failed", "held")
AFTER = ("queued", "sending", "sent", "deferred", "failed", "held")
STATES = ("waiting", "running", "done", "dead", "dropped")


def mail_states(states: tuple[str, ...]) -> None:
    """The check of mail.status. SQLite's copy of a table leaves checks out, so there it is only put in again."""
    condition = f"status IN ({', '.join(repr(state) for state in states)})"
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("mail", recreate="always") as table:
            table.create_check_constraint(op.f("ck_mail_mailstatus"), condition)
    else:
        op.drop_constraint(op.f("ck_mail_mailstatus"), "mail", type_="check")
        op.create_check_constraint(op.f("ck_mail_mailstatus"), "mail", condition)


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("title_text", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("lane", sa.Enum("quick", "long", name="lane", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("state", sa.Enum(*STATES, name="jobstate", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("worker", sa.String(length=100), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("slot", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("kind", "slot", name=op.f("uq_job_kind_slot")),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_job_tries_not_negative")),
    )
    op.create_index(op.f("ix_job_key"), "job", ["key"])
    op.create_index("ix_job_due", "job", ["state", "lane", "run_at", "id"])
    mail_states(AFTER)
    # What waited in the outbox is sent by jobs from now on.
    facts = ":before || message_id || :after"
    facts = f"CAST({facts} AS JSON)" if op.get_bind().dialect.name == "postgresql" else facts
    op.execute(
        sa.text(
            "INSERT INTO job (kind, key, title_text, subject, facts, lane, state, run_at, tries, done, total, error, fence, lost, created_at, updated_at, version)"  # noqa: S608 - our own words
            f" SELECT 'send_mail', message_id, 'Send an e-mail', recipient, {facts}, 'quick', 'waiting', created_at, 0, 0, 0, '', 0, 0,"
            " created_at, created_at, 1 FROM mail WHERE status IN ('queued', 'failed')"
        ).bindparams(before='{"message_id": "', after='"}')
    )
    op.execute("UPDATE mail SET status = 'queued' WHERE status = 'failed'")
    op.execute("UPDATE mail SET subject = '…' WHERE notice = 'signing_code'")  # the code stood in it, and staff read subjects from now on


def downgrade() -> None:
    op.execute("UPDATE mail SET status = 'queued' WHERE status = 'sending'")
    op.execute("UPDATE mail SET status = 'failed' WHERE status = 'deferred'")
    mail_states(BEFORE)
    op.drop_table("job")

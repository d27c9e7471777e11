"""Wordings of agreements in versions, signed and counter-signed files, and the digest of every file that left the house."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0021", "0020"
branch_labels = depends_on = None

KINDS = ("agreement", "amendment")
STATES = ("to_sign", "signed", "expired", "cancelled", "refused")
ADDED = ("signed_key", "countersigned_at", "countersigned_by", "refusal", "template_id")


def record() -> tuple[sa.Column, ...]:
    """What every record has."""
    return (
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )


def upgrade() -> None:
    op.create_table(
        "agreement_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Enum(*KINDS, name="agreementkind", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("partner_kind", sa.String(length=30), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        *record(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_template")),
        sa.UniqueConstraint("kind", "partner_kind", "language", "number", name=op.f("uq_agreement_template_kind_partner_kind_language_number")),
    )
    op.create_table(
        "agreement_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_key", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        *record(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_file")),
    )
    op.create_index(op.f("ix_agreement_file_agreement_key"), "agreement_file", ["agreement_key"])
    op.create_index(op.f("ix_agreement_file_digest"), "agreement_file", ["digest"])
    op.add_column("agreement", sa.Column("signed_key", sa.String(length=80), nullable=True))
    op.add_column("agreement", sa.Column("countersigned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("agreement", sa.Column("countersigned_by", sa.String(length=200), nullable=True))
    op.add_column("agreement", sa.Column("refusal", sa.String(length=1000), nullable=False, server_default=""))
    op.create_index("uq_agreement_signed_key", "agreement", ["signed_key"], unique=True)
    # SQLite takes a reference with the column it is of; PostgreSQL by itself, under a name.
    op.execute("ALTER TABLE agreement ADD COLUMN template_id INTEGER CONSTRAINT fk_agreement_template_id_agreement_template REFERENCES agreement_template (id)")
    op.execute(
        "INSERT INTO agreement_file (agreement_key, digest, state, created_at, updated_at, version)"
        " SELECT key, digest, 'offered', created_at, updated_at, 1 FROM agreement"
    )


def downgrade() -> None:
    op.drop_index("uq_agreement_signed_key", "agreement")
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("agreement", recreate="always") as table:
            for name in ADDED:
                table.drop_column(name)
            # The copy of a table leaves checks out.
            table.create_check_constraint(op.f("ck_agreement_agreementkind"), f"kind IN {KINDS}")
            table.create_check_constraint(op.f("ck_agreement_agreementstatus"), f"status IN {STATES}")
    else:
        for name in ADDED:
            op.drop_column("agreement", name)
    op.drop_table("agreement_file")
    op.drop_table("agreement_template")

"""Questionnaires and their answers, beneficial owners, watch lists and what was found in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0024", "0023"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "questionnaire",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Enum("partner", name="questionnairekind", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaire")),
        sa.UniqueConstraint("kind", "number", name=op.f("uq_questionnaire_kind_number")),
    )
    op.create_index(
        "uq_questionnaire_in_preparation",
        "questionnaire",
        ["kind"],
        unique=True,
        sqlite_where=sa.text("published_at IS NULL"),
        postgresql_where=sa.text("published_at IS NULL"),
    )

    op.create_table(
        "watch_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Enum("freeze", "exposed", name="listkind", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("is_person", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("births", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_entry")),
        sa.UniqueConstraint("kind", "reference", name=op.f("uq_watch_entry_kind_reference")),
    )
    op.create_table(
        "watch_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Enum("freeze", "exposed", name="listkind", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_list")),
    )
    op.create_table(
        "answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(length=40), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_answers_partner_id_partner")),
        sa.ForeignKeyConstraint(["questionnaire_id"], ["questionnaire.id"], name=op.f("fk_answers_questionnaire_id_questionnaire")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
    )
    op.create_index("ix_answers_partner_id", "answers", ["partner_id"])

    op.create_table(
        "beneficial_owner",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.String(length=100), nullable=False),
        sa.Column("last_name", sa.String(length=100), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("nationality", sa.String(length=2), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column(
            "control", sa.Enum("capital", "votes", "other", "representative", name="control", native_enum=False, create_constraint=True, length=30), nullable=False
        ),
        sa.Column("share", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("exposed", sa.Boolean(), nullable=False),
        sa.Column("office", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("share IS NULL OR (share >= 0 AND share <= 100)", name=op.f("ck_beneficial_owner_share_is_a_percentage")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_beneficial_owner_partner_id_partner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_beneficial_owner")),
    )
    op.create_index("ix_beneficial_owner_partner_id", "beneficial_owner", ["partner_id"])

    op.create_table(
        "screening_match",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("subject_name", sa.String(length=300), nullable=False),
        sa.Column("subject_born", sa.Date(), nullable=True),
        sa.Column("list_kind", sa.Enum("freeze", "exposed", name="listkind", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("entry_name", sa.String(length=300), nullable=False),
        sa.Column("entry_facts", sa.JSON(), nullable=False),
        sa.Column("likeness", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("compared", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Enum("open", "dismissed", "confirmed", "gone", name="matchstatus", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_screening_match_partner_id_partner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_match")),
        sa.UniqueConstraint("partner_id", "subject", "list_kind", "reference", name=op.f("uq_screening_match_partner_id_subject_list_kind_reference")),
    )
    op.create_index("ix_screening_match_partner_id", "screening_match", ["partner_id"])
    op.create_index("ix_screening_match_status", "screening_match", ["status", "id"])


def downgrade() -> None:

    op.drop_table("screening_match")

    op.drop_table("beneficial_owner")

    op.drop_table("answers")
    op.drop_table("watch_list")
    op.drop_table("watch_entry")

    op.drop_table("questionnaire")

"""The client file: who a client is, questionnaires with their links and signed results, mails held back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0025", "0024"
branch_labels = depends_on = None

KINDS = ("partner", "qcf", "qpr")
CHOICES = {  # column: (name of its check, values)
    "knowledge": ("knowledge", ("missing", "due", "current")),
    "civility": ("civility", ("mrs", "mr")),
    "family_status": ("familystatus", ("single", "married", "civil_union", "cohabiting", "divorced", "widowed")),
    "matrimonial_regime": ("matrimonialregime", ("acquests", "universal", "separation", "participation", "joint")),
}
TEXTS = {
    "birth_name": 100,
    "birth_place": 100,
    "occupation": 100,
    "legal_form": 60,
    "mobile": 30,
    "mail_street": 200,
    "mail_postcode": 10,
    "mail_city": 100,
    "tax_number": 30,
}
MAIL_STATES = ("queued", "sending", "sent", "deferred", "failed", "held")
MOMENT, DAY = sa.DateTime(timezone=True), sa.Date()


def listed(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def kinds(values: tuple[str, ...]) -> None:
    """The check of questionnaire.kind. SQLite's copy of a table leaves checks out, so there it is only put in again."""
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("questionnaire", recreate="always") as table:
            table.create_check_constraint(op.f("ck_questionnaire_questionnairekind"), listed("kind", values))
    else:
        op.drop_constraint(op.f("ck_questionnaire_questionnairekind"), "questionnaire", type_="check")
        op.create_check_constraint(op.f("ck_questionnaire_questionnairekind"), "questionnaire", listed("kind", values))


def record() -> tuple[sa.Column, ...]:
    """What every record has."""
    return (sa.Column("created_at", MOMENT, nullable=False), sa.Column("updated_at", MOMENT, nullable=False), sa.Column("version", sa.Integer(), nullable=False))


def number(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def text(name: str, length: int, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def choice(name: str, check: str, *values: str) -> sa.Column:
    return sa.Column(name, sa.Enum(*values, name=check, native_enum=False, create_constraint=True, length=30), nullable=False)


def to(table: str, column: str, target: str, **options: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"), **options)


def upgrade() -> None:
    kinds(KINDS)
    # Written out: both databases take a column with its check at once, and no copy of the table is made.
    for column, (check, values) in CHOICES.items():
        default = " NOT NULL DEFAULT 'missing'" if column == "knowledge" else ""
        op.execute(f"ALTER TABLE client ADD COLUMN {column} VARCHAR(30){default} CONSTRAINT ck_client_{check} CHECK ({listed(column, values)})")
    op.execute("ALTER TABLE client ADD COLUMN children INTEGER CONSTRAINT ck_client_children_can_be CHECK (children IS NULL OR (children >= 0 AND children <= 30))")
    for column, length in TEXTS.items():
        op.add_column("client", text(column, length, nullable=True))
    op.add_column("client", text("nationality", 2, nullable=True))
    op.add_column("client", sa.Column("tax_country", sa.String(length=2), nullable=False, server_default="FR"))
    op.add_column("client", sa.Column("us_person", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("client", sa.Column("language", sa.String(length=5), nullable=False, server_default="fr"))
    op.create_index("ix_client_siren", "client", ["siren"])
    op.create_index("ix_client_email", "client", ["email"])
    op.create_index("ix_client_birth_date", "client", ["birth_date"])
    with op.batch_alter_table("mail") as table:
        table.add_column(number("client_id", nullable=True))
        table.create_foreign_key(op.f("fk_mail_client_id_client"), "client", ["client_id"], ["id"], ondelete="CASCADE")
        if op.get_bind().dialect.name != "sqlite":
            table.drop_constraint(op.f("ck_mail_mailstatus"), type_="check")
        table.create_check_constraint(op.f("ck_mail_mailstatus"), listed("status", (*MAIL_STATES, "discarded")))
    op.create_index(op.f("ix_mail_client_id"), "mail", ["client_id"])
    questionnaires()
    papers()


def questionnaires() -> None:
    op.create_table(
        "client_answers",
        number("id"),
        number("client_id"),
        choice("kind", "questionnairekind", *KINDS),
        number("questionnaire_id"),
        sa.Column("values", sa.JSON(), nullable=False),
        number("score"),
        text("level", 40),
        choice("how", "answeredhow", "together", "link"),
        text("by", 200),
        sa.Column("review_on", DAY, nullable=False),
        *record(),
        to("client_answers", "client_id", "client"),
        to("client_answers", "questionnaire_id", "questionnaire"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_answers")),
    )
    op.create_index("ix_client_answers_client_kind", "client_answers", ["client_id", "kind", "id"])
    op.create_table(
        "questionnaire_sent",
        number("id"),
        number("client_id"),
        choice("kind", "questionnairekind", *KINDS),
        number("questionnaire_id"),
        text("sent_to", 320),
        text("by", 200),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("begun", sa.JSON(), nullable=False),
        *(sa.Column(f"{name}_at", MOMENT, nullable=True) for name in ("opened", "reminded", "answered", "withdrawn")),
        *record(),
        to("questionnaire_sent", "client_id", "client", ondelete="CASCADE"),
        to("questionnaire_sent", "questionnaire_id", "questionnaire"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaire_sent")),
    )
    op.create_index("ix_questionnaire_sent_client", "questionnaire_sent", ["client_id", "id"])
    op.create_index("ix_questionnaire_sent_open", "questionnaire_sent", ["answered_at", "id"])


def papers() -> None:
    op.create_table(
        "client_paper",
        number("id"),
        number("client_id"),
        number("answers_id", nullable=True),
        number("contract_id", nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        choice("kind", "clientpaperkind", "qcf", "qpr", "entry", "mission", "suitability"),
        text("name", 200),
        text("language", 5),
        choice("status", "clientpaperstate", "to_sign", "signed", "replaced"),
        text("key", 80),
        text("digest", 64),
        sa.Column("signed_at", MOMENT, nullable=True),
        text("signed_by", 200, nullable=True),
        text("signed_key", 80, nullable=True),
        sa.Column("proof", sa.JSON(), nullable=False),
        *record(),
        to("client_paper", "client_id", "client"),
        to("client_paper", "answers_id", "client_answers"),
        to("client_paper", "contract_id", "contract", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_paper")),
        sa.UniqueConstraint("answers_id", name=op.f("uq_client_paper_answers_id")),
        sa.UniqueConstraint("key", name=op.f("uq_client_paper_key")),
        sa.UniqueConstraint("signed_key", name=op.f("uq_client_paper_signed_key")),
    )
    op.create_index(op.f("ix_client_paper_contract_id"), "client_paper", ["contract_id"])
    op.create_index("ix_client_paper_client", "client_paper", ["client_id", "kind", "id"])
    op.create_table(
        "client_code",
        number("id"),
        number("paper_id"),
        text("digest", 64),
        text("sent_to", 320),
        number("tries"),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        *record(),
        to("client_code", "paper_id", "client_paper", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_code")),
    )
    op.create_index(op.f("ix_client_code_paper_id"), "client_code", ["paper_id"])
    op.create_table(
        "client_link",
        number("id"),
        number("client_id"),
        text("sent_to", 320),
        text("digest", 64),
        text("message_id", 200),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        text("session_digest", 64, nullable=True),
        sa.Column("session_until", MOMENT, nullable=True),
        *record(),
        to("client_link", "client_id", "client", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_link")),
        sa.UniqueConstraint("digest", name=op.f("uq_client_link_digest")),
        sa.UniqueConstraint("session_digest", name=op.f("uq_client_link_session_digest")),
    )
    op.create_index("ix_client_link_client", "client_link", ["client_id", "id"])
    op.create_table(
        "advice",
        number("id"),
        number("client_id"),
        number("contract_id"),
        choice("kind", "advicekind", "given", "personal", "refused", "silent"),
        sa.Column("given_on", DAY, nullable=False),
        *record(),
        to("advice", "client_id", "client", ondelete="CASCADE"),
        to("advice", "contract_id", "contract", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advice")),
    )
    op.create_index(op.f("ix_advice_client_id"), "advice", ["client_id"])
    op.create_index("ix_advice_contract", "advice", ["contract_id", "given_on"])


def downgrade() -> None:
    for table in ("advice", "client_link", "client_code", "client_paper", "questionnaire_sent", "client_answers"):
        op.drop_table(table)
    op.execute("DELETE FROM questionnaire WHERE kind IN ('qcf', 'qpr')")
    kinds(KINDS[:1])
    op.execute("DELETE FROM mail WHERE client_id IS NOT NULL")
    op.drop_index(op.f("ix_mail_client_id"), "mail")
    op.drop_index("ix_client_birth_date", "client")
    op.drop_index("ix_client_email", "client")
    op.drop_index("ix_client_siren", "client")
    columns = ("us_person", "language", "tax_country", "nationality", *TEXTS, "children", *CHOICES)
    if op.get_bind().dialect.name != "sqlite":
        op.drop_column("mail", "client_id")
        op.drop_constraint(op.f("ck_mail_mailstatus"), "mail", type_="check")
        op.create_check_constraint(op.f("ck_mail_mailstatus"), "mail", listed("status", MAIL_STATES))
        for column in columns:
            op.drop_column("client", column)
        return
    # SQLite drops no column that a check or a reference names: the tables are copied without them, and their checks put in again.
    with op.batch_alter_table("mail", recreate="always") as table:
        table.drop_column("client_id")
        table.create_check_constraint(op.f("ck_mail_mailstatus"), listed("status", MAIL_STATES))
    with op.batch_alter_table("client", recreate="always") as table:
        for check in ("children_can_be", *(check for check, _values in CHOICES.values())):
            table.drop_constraint(op.f(f"ck_client_{check}"), type_="check")
        for column in columns:
            table.drop_column(column)
        table.create_check_constraint(op.f("ck_client_clientkind"), listed("kind", ("person", "couple", "company", "association")))
        table.create_check_constraint(op.f("ck_client_clientstatus"), listed("status", ("prospect", "client", "former")))
        table.create_check_constraint(op.f("ck_client_person_has_last_name"), "kind <> 'person' OR last_name IS NOT NULL")
        table.create_check_constraint(op.f("ck_client_company_has_name"), "kind NOT IN ('company', 'association') OR company_name IS NOT NULL")
        table.create_check_constraint(op.f("ck_client_two_different_persons"), "first_person_id IS NULL OR first_person_id <> second_person_id")

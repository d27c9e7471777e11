"""Tables of clients."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "client",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("adviser_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Enum("person", "couple", "company", "association", name="clientkind", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("status", sa.Enum("prospect", "client", "former", name="clientstatus", native_enum=False, create_constraint=True, length=30), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("first_name", sa.String(length=100), nullable=True),
        sa.Column("last_name", sa.String(length=100), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("company_name", sa.String(length=200), nullable=True),
        sa.Column("siren", sa.String(length=9), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("phone", sa.String(length=30), nullable=True),
        sa.Column("street", sa.String(length=200), nullable=True),
        sa.Column("postcode", sa.String(length=10), nullable=True),
        sa.Column("city", sa.String(length=100), nullable=True),
        sa.Column("first_person_id", sa.Integer(), nullable=True),
        sa.Column("second_person_id", sa.Integer(), nullable=True),
        sa.Column("notifications", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind <> 'person' OR last_name IS NOT NULL", name=op.f("ck_client_person_has_last_name")),
        sa.CheckConstraint("kind NOT IN ('company', 'association') OR company_name IS NOT NULL", name=op.f("ck_client_company_has_name")),
        sa.CheckConstraint("first_person_id IS NULL OR first_person_id <> second_person_id", name=op.f("ck_client_two_different_persons")),
        sa.ForeignKeyConstraint(["adviser_id"], ["ab_user.id"], name=op.f("fk_client_adviser_id_ab_user")),
        sa.ForeignKeyConstraint(["first_person_id"], ["client.id"], name=op.f("fk_client_first_person_id_client")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_client_partner_id_partner")),
        sa.ForeignKeyConstraint(["second_person_id"], ["client.id"], name=op.f("fk_client_second_person_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
    )
    op.create_index(op.f("ix_client_adviser_id"), "client", ["adviser_id"], unique=False)
    op.create_index("ix_client_name", "client", ["name", "id"], unique=False)
    op.create_index("ix_client_partner_name", "client", ["partner_id", "name", "id"], unique=False)
    op.create_table(
        "client_reference",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_reference_client_id_client"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], name=op.f("fk_client_reference_supplier_id_supplier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_reference")),
        sa.UniqueConstraint("supplier_id", "reference", name=op.f("uq_client_reference_supplier_id_reference")),
    )
    op.create_index(op.f("ix_client_reference_client_id"), "client_reference", ["client_id"], unique=False)
    op.create_table(
        "reference_claim",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_reference_claim_client_id_client"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], name=op.f("fk_reference_claim_supplier_id_supplier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_claim")),
        sa.UniqueConstraint("client_id", "supplier_id", "reference", name=op.f("uq_reference_claim_client_id_supplier_id_reference")),
    )
    op.create_index(op.f("ix_reference_claim_client_id"), "reference_claim", ["client_id"], unique=False)
    op.create_table(
        "signatory",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "holder",
                "co_holder",
                "representative",
                "guardian",
                "beneficial_owner",
                "usufructuary",
                "bare_owner",
                name="signatoryrole",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("first_name", sa.String(length=100), nullable=False),
        sa.Column("last_name", sa.String(length=100), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("phone", sa.String(length=30), nullable=True),
        sa.Column("is_principal", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_signatory_client_id_client"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatory")),
    )
    op.create_index(op.f("ix_signatory_client_id"), "signatory", ["client_id"], unique=False)
    op.create_index("uq_signatory_principal", "signatory", ["client_id"], unique=True, sqlite_where=sa.text("is_principal"), postgresql_where=sa.text("is_principal"))


def downgrade() -> None:
    op.drop_table("signatory")
    op.drop_table("reference_claim")
    op.drop_table("client_reference")
    op.drop_table("client")

"""Tables of contracts."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "contract",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("number_key", sa.String(length=60), nullable=False),
        sa.Column("supplier_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("partner_id", sa.Integer(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column(
            "status", sa.Enum("requested", "active", "suspended", "ended", name="contractstatus", native_enum=False, create_constraint=True, length=30), nullable=False
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("valued_on", sa.Date(), nullable=True),
        sa.Column("renews_on", sa.Date(), nullable=True),
        sa.Column("last_movement_on", sa.Date(), nullable=True),
        sa.Column("reference", sa.String(length=60), nullable=True),
        sa.Column("holder", sa.String(length=200), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("number_key <> ''", name=op.f("ck_contract_has_a_number")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_contract_client_id_client")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_contract_partner_id_partner")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_contract_product_id_product")),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], name=op.f("fk_contract_supplier_id_supplier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
        sa.UniqueConstraint("supplier_id", "number_key", name=op.f("uq_contract_supplier_id_number_key")),
    )
    op.create_index("ix_contract_amount", "contract", ["amount", "id"], unique=False)
    op.create_index("ix_contract_client", "contract", ["client_id", "id"], unique=False)
    op.create_index("ix_contract_effective", "contract", ["effective_on", "id"], unique=False)
    op.create_index("ix_contract_number", "contract", ["number", "id"], unique=False)
    op.create_index("ix_contract_partner_amount", "contract", ["partner_id", "amount", "id"], unique=False)
    op.create_index("ix_contract_partner_effective", "contract", ["partner_id", "effective_on", "id"], unique=False)
    op.create_index("ix_contract_partner_id", "contract", ["partner_id", "id"], unique=False)
    op.create_index("ix_contract_partner_number", "contract", ["partner_id", "number", "id"], unique=False)
    op.create_index(op.f("ix_contract_product_id"), "contract", ["product_id"], unique=False)
    op.create_index("ix_contract_status", "contract", ["status", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("contract")

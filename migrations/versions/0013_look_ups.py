"""Lists that administrators keep: kinds of products and documents become rows of such lists; notes and activities get kinds;
addresses get a country. Going back, what has a kind of the house's own gets one that the program knows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0013", "0012"
branch_labels = depends_on = None

LISTS = {
    "product_kind": ["life_insurance", "pension", "capitalisation", "property_fund", "protection", "credit", "venture_fund", "securities"],
    "document_kind": ["identity", "kbis", "orias", "liability", "association", "guarantee", "bank", "other"],
    "note_kind": ["note", "call", "meeting", "message"],
    "activity_kind": ["to_do", "call_back", "visit", "document", "review"],
    "country": ["FR", "MC", "BE", "LU", "CH"],
}
# A kind that was an enumeration: its table, its list, and what an unknown one becomes on the way back.
KINDS = {"product": ("product_kind", "securities"), "document": ("document_kind", "other")}


def create_lists() -> None:
    moment = sa.func.current_timestamp()
    for name, codes in LISTS.items():
        rule = ("length(code) = 2", "two_letters") if name == "country" else ("code <> ''", "has_code")
        table = op.create_table(
            name,
            sa.Column("id", sa.Integer(), nullable=False),
            sa.Column("code", sa.String(length=30), nullable=False),
            sa.Column("names", sa.JSON(), nullable=False),
            sa.Column("position", sa.Integer(), nullable=False),
            sa.Column("offered", sa.Boolean(), nullable=False),
            sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
            sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
            sa.Column("version", sa.Integer(), nullable=False),
            sa.CheckConstraint(rule[0], name=op.f(f"ck_{name}_{rule[1]}")),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
            sa.UniqueConstraint("code", name=op.f(f"uq_{name}_code")),
        )
        for place, code in enumerate(codes):
            row = {"code": code, "names": {}, "position": (place + 1) * 10, "offered": True, "version": 1}
            op.execute(table.insert().values(**row, created_at=moment, updated_at=moment))


def upgrade() -> None:
    create_lists()
    for table, (listed, _fallback) in KINDS.items():
        with op.batch_alter_table(table) as change:
            change.drop_constraint(op.f(f"ck_{table}_{listed.replace('_', '')}"), type_="check")
            change.create_foreign_key(op.f(f"fk_{table}_kind_{listed}"), listed, ["kind"], ["code"])
    for table, listed, first in (("note", "note_kind", "note"), ("task", "activity_kind", "to_do")):
        with op.batch_alter_table(table) as change:
            change.add_column(sa.Column("kind", sa.String(length=30), nullable=False, server_default=first))
            change.create_foreign_key(op.f(f"fk_{table}_kind_{listed}"), listed, ["kind"], ["code"])
    for table in ("partner", "client"):
        op.add_column(table, sa.Column("country", sa.String(length=2), nullable=False, server_default="FR"))


def downgrade() -> None:
    for table in ("client", "partner"):
        op.drop_column(table, "country")
    for table, listed in (("task", "activity_kind"), ("note", "note_kind")):
        with op.batch_alter_table(table) as change:
            change.drop_constraint(op.f(f"fk_{table}_kind_{listed}"), type_="foreignkey")
            change.drop_column("kind")
    for table, (listed, fallback) in KINDS.items():
        known = ", ".join(f"'{code}'" for code in LISTS[listed])
        op.execute(f"UPDATE {table} SET kind = '{fallback}' WHERE kind NOT IN ({known})")  # noqa: S608 - the codes above
        with op.batch_alter_table(table) as change:
            change.drop_constraint(op.f(f"fk_{table}_kind_{listed}"), type_="foreignkey")
            change.create_check_constraint(op.f(f"ck_{table}_{listed.replace('_', '')}"), f"kind IN ({known})")
    for name in LISTS:
        op.drop_table(name)

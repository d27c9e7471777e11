"""One-time links for forgotten passwords and other e-mail addresses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0019", "0018"
branch_labels = depends_on = None

BEFORE = ("confirm", "invite")
AFTER = ("confirm", "invite", "reset", "new_address")
ROLES = ("owner", "member", "read_only")


def listed(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def purposes(values: tuple[str, ...]) -> None:
    """The check of one_time_link.purpose. SQLite's copy of a table leaves checks out, so there all of them are put in again."""
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("one_time_link", recreate="always") as table:
            table.create_check_constraint(op.f("ck_one_time_link_purpose"), listed("purpose", values))
            table.create_check_constraint(op.f("ck_one_time_link_memberrole"), listed("role", ROLES))
    else:
        op.drop_constraint(op.f("ck_one_time_link_purpose"), "one_time_link", type_="check")
        op.create_check_constraint(op.f("ck_one_time_link_purpose"), "one_time_link", listed("purpose", values))


def upgrade() -> None:
    purposes(AFTER)


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM one_time_link WHERE purpose IN ('reset', 'new_address')"))
    purposes(BEFORE)

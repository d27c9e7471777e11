"""A client can also ask to have its data in a form that goes elsewhere (GDPR art. 20). Going back, such a request becomes one for access."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0033", "0032"
branch_labels = depends_on = None

BEFORE = ("access", "correction", "restriction", "erasure", "objection")
AFTER = (*BEFORE, "portability")
NAME = "ck_data_request_requestkind"


def request_kinds(kinds: tuple[str, ...]) -> None:
    """The check of data_request.kind. SQLite's copy of a table leaves checks out, so there it is only put in again."""
    condition = f"kind IN ({', '.join(repr(kind) for kind in kinds)})"
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        highest = bind.execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'data_request'")).scalar()
        with op.batch_alter_table("data_request", recreate="always", table_kwargs={"sqlite_autoincrement": True}) as table:
            table.create_check_constraint(op.f(NAME), condition)
        if highest is not None:  # the copy counts from its rows: numbers of deleted ones would be given again
            bind.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'data_request'"))
            bind.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('data_request', :highest)"), {"highest": highest})
    else:
        op.drop_constraint(op.f(NAME), "data_request", type_="check")
        op.create_check_constraint(op.f(NAME), "data_request", condition)


def upgrade() -> None:
    request_kinds(AFTER)


def downgrade() -> None:
    op.execute(sa.text("UPDATE data_request SET kind = 'access' WHERE kind = 'portability'"))
    request_kinds(BEFORE)

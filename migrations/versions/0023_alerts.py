"""Alerts by kind and person, what of them has been read, and calendars by secret link."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0023", "0022"
branch_labels = depends_on = None

BOTH = {"file_waits": "mail", "contested": "mail"}  # what the one switch before stood for
USER = sa.table("ab_user", sa.column("id", sa.Integer()), sa.column("wants_alerts", sa.Boolean()))
PREFERENCE = sa.table("preference", sa.column("user_id", sa.Integer()), sa.column("values", sa.JSON()), sa.column("number", sa.Integer()))


def upgrade() -> None:
    op.add_column("preference", sa.Column("alerts_seen", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "calendar_link",
        sa.Column("user_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("partner_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "partner_id", name=op.f("pk_calendar_link")),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_calendar_link_user_id_ab_user")),
        sa.UniqueConstraint("digest", name=op.f("uq_calendar_link_digest")),
    )
    bind = op.get_bind()
    kept = {row["user_id"]: row["held"] for row in bind.execute(sa.select(PREFERENCE.c.user_id, PREFERENCE.c["values"].label("held"))).mappings()}
    for user_id in bind.execute(sa.select(USER.c.id).where(USER.c.wants_alerts)).scalars().all():
        if user_id in kept:
            bind.execute(PREFERENCE.update().where(PREFERENCE.c.user_id == user_id).values(values={**(kept[user_id] or {}), "alerts": BOTH}))
        else:
            bind.execute(PREFERENCE.insert().values(user_id=user_id, values={"alerts": BOTH}, number=1))
    op.drop_column("ab_user", "wants_alerts")


def downgrade() -> None:
    op.add_column("ab_user", sa.Column("wants_alerts", sa.Boolean(), nullable=False, server_default=sa.false()))
    bind = op.get_bind()
    for row in bind.execute(sa.select(PREFERENCE.c.user_id, PREFERENCE.c["values"].label("held"))).mappings().all():
        if ((row["held"] or {}).get("alerts") or {}).get("file_waits") == "mail":
            bind.execute(USER.update().where(USER.c.id == row["user_id"]).values(wants_alerts=True))
    op.drop_table("calendar_link")
    op.drop_column("preference", "alerts_seen")

"""What is to be done about partners and their clients, and where it goes when a client moves."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import case, update
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Client, Partner, Task
from app.services.refusals import RuleBroken


def saving(task: Task, new: bool) -> None:
    """A task about a client is one of the client's partner."""
    if task.client_id is None:
        return
    with db.session.no_autoflush:
        client = db.session.get(Client, task.client_id)
    if client is not None and client.partner_id != task.partner_id:
        raise RuleBroken(_("This client belongs to another partner."), "client_id")


def move_open(session: Session, client_ids: list[int], before: int, after: int) -> None:
    """Open tasks about clients go along to their new partner; what was in the hands of the old one's account manager passes to the new
    one's. What is done stays where it was done."""
    of_the_old, of_the_new = (session.get_one(Partner, number).account_manager_id for number in (before, after))
    whose = case((Task.assignee_id == of_the_old, of_the_new), else_=Task.assignee_id)
    still = Task.client_id.in_(client_ids), Task.partner_id == before, Task.done_on.is_(None)
    session.execute(update(Task).where(*still).values(partner_id=after, assignee_id=whose, version=Task.version + 1).execution_options(synchronize_session=False))

"""What the house does by itself at night."""

from __future__ import annotations

from datetime import time

from flask_babel import lazy_gettext as _

from app.models import Lane
from app.services import drafts, imports, jobs, once, schedules
from app.services.crossings import crossing


@jobs.kind("sweep", _("Put away what is no longer needed"), lane=Lane.LONG)
def sweep(run: jobs.Run) -> None:
    """Lets go of used tokens, drafts and files nobody came back to, and jobs done long ago."""
    with crossing(reading=False) as session:
        for put_away in (once.sweep, drafts.sweep, imports.sweep, jobs.sweep):
            put_away(session)
        run.settle(session)
        session.commit()


schedules.daily("sweep", time(3, 30))

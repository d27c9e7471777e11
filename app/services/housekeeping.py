"""What the house does by itself at night."""

from __future__ import annotations

from datetime import time, timedelta

from flask_babel import lazy_gettext as _

from app.models import Lane
from app.services import drafts, imports, jobs, once, schedules
from app.services.crossings import crossing


@jobs.kind("sweep", _("Put away what is no longer needed"), lane=Lane.LONG, lease=timedelta(minutes=20))
def sweep(run: jobs.Run) -> None:
    """Lets go of used tokens, drafts and files nobody came back to, and jobs done long ago."""
    for put_away in (once.sweep, drafts.sweep, imports.sweep, jobs.sweep):
        with crossing(reading=False) as session:  # each by itself, so that others write in between
            put_away(session)
            session.commit()
        run.renew()


schedules.daily("sweep", time(3, 30))

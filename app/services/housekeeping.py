"""What the house does by itself at night."""

from __future__ import annotations

from datetime import time, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.models import Agreement, ClientFile, ClientFileVersion, ClientPaper, Document, Lane, LockedBytes, Partner, User, now
from app.services import drafts, files, imports, jobs, once, schedules, stores, throttle
from app.services.crossings import crossing

# Every column that names a kept file. tests/trust/test_background.py knows when one is missing.
NAMING = (
    Document.key,
    Agreement.key,
    Agreement.signed_key,
    ClientPaper.key,
    ClientPaper.signed_key,
    ClientFile.key,
    ClientFileVersion.key,
    LockedBytes.key,
    User.photo,
    Partner.logo,
)


@jobs.kind("sweep", _("Put away what is no longer needed"), lane=Lane.LONG, lease=timedelta(minutes=20))
def sweep(run: jobs.Run) -> None:
    """Lets go of used tokens, counts of wrong passwords, drafts and files nobody came back to, and jobs done long ago."""
    for put_away in (once.sweep, drafts.sweep, imports.sweep, jobs.sweep, throttle.sweep):
        with crossing(reading=False) as session:  # each by itself, so that others write in between
            put_away(session)
            session.commit()
        run.renew()
    put_away_files()


def put_away_files() -> int:
    """Removes files that no row names: what was kept for a form that failed, or by a process that was killed before it had written
    the row. Those of the last day are left alone: their row may be on its way. Returns how many; raises stores.NotOurs where the files
    are another house's, whose rows are not here."""
    stores.claim()
    old = list(files.kept_before(now() - timedelta(days=1)))
    with crossing() as session:
        named = {key for column in NAMING for key in session.scalars(select(column).where(column.is_not(None)))}
    left = [key for key in old if key not in named]
    for key in left:
        files.remove(key)
    return len(left)


schedules.daily("sweep", time(3, 30))

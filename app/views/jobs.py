"""Background work as staff see it: what waits, what goes on, what was set aside and can be tried again or dropped."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from app.models import Job, JobState
from app.permissions import JOBS
from app.services import jobs
from app.views.base import EntityView, act


class JobView(EntityView):
    model, access, slug, icon = Job, JOBS, "jobs", "gear-wide-connected"
    list_columns = ["title_text", "state", "tries", "run_at", "finished_at"]
    under = {"title_text": "subject"}
    filters = ["state", "lane", "run_at", "created_at"]
    sort = ["run_at", "finished_at", "tries"]
    show = {_("Job"): ["subject", "state", "lane"], _("Course"): ["created_at", "run_at", "tries", "done", "total", "finished_at", "error"]}
    adds = edits = deletes = False

    def sections_of(self, record: Job) -> dict[Any, list[str]]:
        """Steps are shown of work that counts them."""
        return {title: [name for name in names if record.total or name not in ("done", "total")] for title, names in super().sections_of(record).items()}

    @act(_("Try again"), fits=lambda job: job.state in (JobState.DEAD, JobState.WAITING, JobState.DROPPED))
    def try_again(self, job: Job) -> None:
        jobs.try_again(job)

    @act(_("Drop"), confirm=_("Drop these jobs? They will not be done."), fits=lambda job: job.state in (JobState.DEAD, JobState.WAITING))
    def drop(self, job: Job) -> None:
        jobs.drop(job)

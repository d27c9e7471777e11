"""What gunicorn does for the house beside answering: each of its processes does background work too (config.JOBS)."""

import gc
from typing import Any

gc.disable()  # while the house is built nothing is thrown away, and looking for it takes a fifth of the start


def post_worker_init(worker: Any) -> None:
    """After the fork, for threads do not survive one. What has been built stays, and the collector need not look at it again."""
    gc.freeze()
    gc.enable()
    from app.services import workers

    workers.start_once(worker.wsgi)


def worker_exit(server: Any, worker: Any) -> None:
    """A job under way is finished first, for a few seconds; one that is cut short is taken up again by another worker."""
    at_work = getattr(worker.wsgi, "extensions", {}).get("cordee_workers")
    if at_work is not None:
        at_work.stop(patience=5)

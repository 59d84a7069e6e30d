"""The worker: one thread that does what is due, and sleeps until the next job is."""

import logging
import threading
import time
from collections.abc import Sequence

from oauth_app.hub import Hub
from oauth_app.worker.jobs import Job, make_jobs

_log = logging.getLogger(__name__)


class Worker:
    """Does the jobs until it is stopped."""

    def __init__(self, hub: Hub, jobs: Sequence[Job]) -> None:
        self._hub = hub
        self._jobs = jobs
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.work, name="worker", daemon=True)

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the present job and end; return when that is done."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def work(self) -> None:
        """Do the jobs in this thread until another stops the worker."""
        due = dict.fromkeys(self._jobs, time.monotonic())
        while not self._stopping.is_set():
            job = min(due, key=due.__getitem__)
            if self._stopping.wait(due[job] - time.monotonic()):
                return
            self._do(job)
            due[job] = time.monotonic() + job.every_s

    def _do(self, job: Job) -> None:
        try:
            done = job.work(self._hub)
        except Exception:  # noqa: BLE001 - the other jobs, and its own next turn, must not suffer
            _log.exception("job failed: %s", job.name)
            return
        if done:
            _log.info("job %s: %s", job.name, done)


def start(hub: Hub) -> Worker:
    """Return a worker that has begun, in a thread beside the application."""
    worker = Worker(hub, make_jobs())
    worker.start()
    return worker

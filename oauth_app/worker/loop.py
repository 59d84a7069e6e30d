"""The worker: threads that do what is due, and sleep until the next job is."""

import logging
import threading
import time
from collections.abc import Sequence

from oauth_app.hub import Hub
from oauth_app.worker.jobs import Job, make_delivery_jobs, make_jobs

_log = logging.getLogger(__name__)


class Worker:
    """Does the jobs until it is stopped; each lane of them in a thread of its own, where they wait for each other."""

    def __init__(self, hub: Hub, *lanes: Sequence[Job]) -> None:
        self._hub = hub
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=[lane], name="worker", daemon=True) for lane in lanes]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the present jobs and end; return when that is done."""
        self._stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _work(self, jobs: Sequence[Job]) -> None:
        due = dict.fromkeys(jobs, time.monotonic())
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
    """Return a worker that has begun, in threads beside the application."""
    worker = Worker(hub, make_jobs(), make_delivery_jobs())
    worker.start()
    return worker

"""Telling a webhook of a Midjourney task's progress, and settling the task at its end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from oauth_app.sandbox.clock import now_ms, sleep_ms
from oauth_app.sandbox.context import Sandbox
from oauth_app.sandbox.drawing import mj_tasks
from oauth_app.sandbox.drawing.mj_progress import Stage, Status, described, pause_ms, stage_at


@asynccontextmanager
async def running(sandbox: Sandbox) -> AsyncIterator[None]:
    """Follow the tasks that an earlier run left in progress; leave off all work when the block ends."""
    for job_id in mj_tasks.open_jobs(sandbox.store):
        sandbox.callbacks.start(follow(sandbox, job_id))
    try:
        yield
    finally:
        await sandbox.callbacks.stop()


async def follow(sandbox: Sandbox, job_id: str) -> None:
    """Stay with a task until it has ended, or is gone because the sandbox was reset."""
    told: Stage | None = None
    while task := mj_tasks.find_job(sandbox.store, job_id):
        moment_ms = now_ms()
        stage = stage_at(task, moment_ms)
        if stage.is_final:
            # Before anybody is told, so that a refund can be seen by who is.
            mj_tasks.settle(sandbox.store, task, is_success=stage.status is Status.SUCCESS)
        if stage is not told and stage.status is not Status.NOT_START:
            await sandbox.callbacks.post(task.webhook_url, described(task, moment_ms))
        told = stage
        if stage.is_final:
            mj_tasks.close(sandbox.store, task)
            return
        await sleep_ms(pause_ms(task, now_ms()))

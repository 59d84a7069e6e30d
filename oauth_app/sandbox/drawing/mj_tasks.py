"""Midjourney's tasks as they stand in the database; how far one is follows from the clock alone."""

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from uuid import uuid4

from oauth_app.sandbox import funds
from oauth_app.sandbox.clock import now_ms
from oauth_app.sandbox.funds import Funds
from oauth_app.sandbox.store import Store


class Action(StrEnum):
    """What a task makes."""

    IMAGINE = "IMAGINE"
    UPSCALE = "UPSCALE"
    VARIATION = "VARIATION"
    ZOOM = "ZOOM"
    PAN = "PAN"
    BLEND = "BLEND"
    DESCRIBE = "DESCRIBE"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a new task will make."""

    action: Action
    prompt: str
    """Of a description: the text that will be found."""
    description: str
    seed: str
    width: int
    height: int
    fails: bool = False


@dataclass(frozen=True, kw_only=True)
class Order:
    """How a new task is to be done, and whom to tell."""

    task_type: str
    webhook_url: str | None
    origin: str
    lasts_ms: int


@dataclass(frozen=True, kw_only=True)
class Task(Draft, Order):
    """A task that was accepted and paid."""

    id: int
    job_id: str
    """A uuid nobody can guess; a new task after a reset has another, even with the same number."""
    account_id: int
    submitted_at_ms: int
    key: str | None
    free_cents: int
    paid_cents: int
    is_settled: bool
    is_closed: bool

    @property
    def image_key(self) -> str:
        """The name of its picture in the object storage."""
        return f"{self.job_id}.png"


def add(store: Store, paid: Funds, draft: Draft, order: Order) -> Task:
    """Accept a task."""
    columns = vars(draft) | vars(order) | {"job_id": str(uuid4()), "submitted_at_ms": now_ms()}
    columns |= {name: getattr(paid, name) for name in ("account_id", "key", "free_cents", "paid_cents")}
    marks = ", ".join("?" * len(columns))
    # The names are those of our own classes.
    store.run(f"INSERT INTO mj_task ({', '.join(columns)}) VALUES ({marks})", *columns.values())  # noqa: S608
    return _task(store.row("SELECT * FROM mj_task WHERE job_id = ?", columns["job_id"]))


def find_own(store: Store, account_id: int, task_id: int) -> Task | None:
    """Return a task of an account, or None."""
    row = store.find("SELECT * FROM mj_task WHERE id = ? AND account_id = ?", task_id, account_id)
    return _task(row) if row else None


def find_job(store: Store, job_id: str) -> Task | None:
    """Return the task with a job's identifier, or None."""
    row = store.find("SELECT * FROM mj_task WHERE job_id = ?", job_id)
    return _task(row) if row else None


def page_of(store: Store, account_id: int, page: int, size: int) -> list[Task]:
    """Return a page of an account's tasks, newest first; the first page is 1."""
    query = "SELECT * FROM mj_task WHERE account_id = ? ORDER BY id DESC LIMIT ? OFFSET ?"
    return [_task(row) for row in store.rows(query, account_id, size, (page - 1) * size)]


def count(store: Store, account_id: int, *, open_only: bool = False) -> int:
    """Return how many tasks an account has, or has in progress."""
    query = "SELECT COUNT(*) FROM mj_task WHERE account_id = ? AND is_closed <= ?"
    return int(store.row(query, account_id, int(not open_only))[0])


def open_jobs(store: Store) -> list[str]:
    """Return the jobs that were in progress when the sandbox stopped."""
    return [row["job_id"] for row in store.rows("SELECT job_id FROM mj_task WHERE is_closed = 0")]


def settle(store: Store, task: Task, *, is_success: bool) -> None:
    """Keep the price of a task that succeeded, give that of another back; a repeat does nothing."""
    if store.run("UPDATE mj_task SET is_settled = 1 WHERE id = ? AND is_settled = 0", task.id):
        held = Funds(
            account_id=task.account_id,
            key=task.key,
            name="midjourney",
            free_cents=task.free_cents,
            paid_cents=task.paid_cents,
        )
        price = task.free_cents + task.paid_cents
        funds.keep(store, held, price if is_success else 0, f"{task.action} {task.id}")


def close(store: Store, task: Task) -> None:
    """Note that a task has ended and everybody was told."""
    store.run("UPDATE mj_task SET is_closed = 1 WHERE id = ?", task.id)


def _task(row: sqlite3.Row) -> Task:
    flags = {name: bool(row[name]) for name in ("fails", "is_settled", "is_closed")}
    return Task(**dict(row) | flags | {"action": Action(row["action"])})

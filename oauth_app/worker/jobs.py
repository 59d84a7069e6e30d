"""What is done in the background, and how often."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from oauth_app.hub import Hub
from oauth_app.services.charge_resolution import reconcile_unknown_charges, settle_stale_charges
from oauth_app.services.deliveries import send_due
from oauth_app.services.sweeping import sweep
from oauth_app.services.top_up_watching import close_old_top_ups
from oauth_app.worker.top_up_watch import TopUpWatch


@dataclass(frozen=True, kw_only=True)
class Job:
    """One thing to do, again and again; ``work`` returns how much it did."""

    name: str
    every_s: int
    work: Callable[[Hub], int]


def make_jobs() -> Sequence[Job]:
    """Return the jobs of one worker."""
    return (
        Job(name="settle stale charges", every_s=10, work=settle_stale_charges),
        Job(name="reconcile unknown charges", every_s=10, work=reconcile_unknown_charges),
        Job(name="watch top-ups", every_s=2, work=TopUpWatch()),
        Job(name="close old top-ups", every_s=60, work=close_old_top_ups),
        Job(name="sweep", every_s=600, work=sweep),
    )


def make_delivery_jobs() -> Sequence[Job]:
    """Return the jobs that wait for others' servers; they have a thread of their own, so that no money waits too."""
    return (Job(name="send deliveries", every_s=1, work=send_due),)

"""What is done in the background, and how often."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from oauth_app.hub import Hub
from oauth_app.services.approvals import expire_approvals
from oauth_app.services.auto_top_up import top_up_low_wallets
from oauth_app.services.bookkeeping import roll_up_accounts
from oauth_app.services.charge_resolution import reconcile_unknown_charges, settle_stale_charges
from oauth_app.services.deliveries import send_due
from oauth_app.services.holds import expire_holds
from oauth_app.services.model_rates import keep_model_rates
from oauth_app.services.reconciliation import reconcile_nightly
from oauth_app.services.spend_sweeping import settle_dead_allotments
from oauth_app.services.stripe_polling import poll_stripe_orders
from oauth_app.services.sweeping import sweep
from oauth_app.services.top_up_watching import close_old_top_ups
from oauth_app.services.usage_rolling import roll_up_usage
from oauth_app.services.usage_sweeping import sweep_usage
from oauth_app.worker.stripe_sweep import StripeSweep
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
        Job(name="roll up hot accounts", every_s=2, work=roll_up_accounts),
        Job(name="expire approvals", every_s=10, work=expire_approvals),
        Job(name="expire holds", every_s=10, work=expire_holds),
        Job(name="watch top-ups", every_s=2, work=TopUpWatch()),
        Job(name="close old top-ups", every_s=60, work=close_old_top_ups),
        Job(name="top up low wallets", every_s=1, work=top_up_low_wallets),
        Job(name="ask Stripe for open orders", every_s=5, work=poll_stripe_orders),
        Job(name="ask Stripe for what was missed", every_s=600, work=StripeSweep()),
        Job(name="compare all sides", every_s=300, work=reconcile_nightly),
        Job(name="count what dead processes held", every_s=10, work=settle_dead_allotments),
        Job(name="roll up usage", every_s=5, work=roll_up_usage),
        Job(name="sweep usage", every_s=600, work=sweep_usage),
        Job(name="sweep", every_s=600, work=sweep),
    )


def make_delivery_jobs() -> Sequence[Job]:
    """Return the jobs that wait for others' servers; they have a thread of their own, so that no money waits too."""
    return (
        Job(name="send deliveries", every_s=1, work=send_due),
        Job(name="ask for the models' multipliers", every_s=300, work=keep_model_rates),
    )

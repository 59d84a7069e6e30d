"""The long run: ``python -m tests.chaos --kills 200 --seed 1 --database sqlite``."""

import logging
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

import click

from tests.chaos.checking import CHECKS, failures, undecided
from tests.chaos.driving import Promises
from tests.chaos.evidence import Evidence, gather
from tests.chaos.place import prepared
from tests.chaos.storm import come_to_rest, rage


@click.command()
@click.option("--kills", type=click.IntRange(1), default=200, show_default=True, help="SIGKILLs to send.")
@click.option("--seed", type=int, default=1, show_default=True, help="The dice of driver and storm.")
@click.option("--database", type=click.Choice(["sqlite", "postgresql"]), default="sqlite", show_default=True)
@click.option("--minutes", type=float, default=30, show_default=True, help="Stop killing after that long.")
@click.option("--users", type=click.IntRange(1, 64), default=6, show_default=True, help="Users beside each other.")
def main(*, kills: int, seed: int, database: str, minutes: float, users: int) -> None:
    """Kill the hub at random instants while money moves, and check every unit afterwards."""
    logging.disable(logging.CRITICAL)  # what the jobs say of faults that we ordered
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="hub-chaos-") as folder,
        prepared(Path(folder), database, users=users) as place,
    ):
        promises, done = rage(place, kills=kills, seed=seed, deadline_s=minutes * 60, tell=click.echo)
        come_to_rest(place)
        evidence = gather(place.hub, place.sandbox_file, promises)
        found = failures(evidence)
        show(evidence, promises, found)
    took = time.monotonic() - began
    click.echo(f"\n{done} kills, seed {seed}, {database}, {took:.0f} s: {'FAILED' if found else 'all checks passed'}")
    sys.exit(1 if found or done < kills else 0)


def show(evidence: Evidence, promises: Promises, found: dict[str, list[str]]) -> None:
    """Print what happened, and what each check says."""
    click.echo("\nanswers")
    for what, count in sorted(promises.counts.items()):
        click.echo(f"  {what:<24} {count:>7}")
    click.echo("\nrows")
    rows = Counter(f"charge {row.funding} {row.status}" for row in evidence.charges)
    rows += Counter(f"top-up {row.provider} {row.status}" for row in evidence.top_ups)
    rows += Counter(f"hold {hold.status}" for hold, _ in evidence.holds)
    rows["hold expired during the storm"] = _expired_before(evidence, promises.storm_ended_at)
    rows["refund of a charge"] = len(evidence.refunds)
    rows += Counter(f"alarm {alarm.outcome}" for alarm in evidence.alarms)
    for what, count in sorted(rows.items()):
        click.echo(f"  {what:<34} {count:>7}")
    _show_stripe(evidence)
    click.echo("\nunknown charges, for the operator")
    for line in undecided(evidence) or ["none"]:
        click.echo(f"  {line}")
    click.echo("\nchecks")
    for check in CHECKS:
        wrong = found.get(check.__name__, [])
        click.echo(f"  {'FAILED' if wrong else 'ok':<8} {check.__name__}")
        for line in wrong[:20]:
            click.echo(f"           {line}")


def _expired_before(evidence: Evidence, moment: datetime | None) -> int:
    """Return how many holds a hub that might be killed at any instant has given back."""
    ended = [hold.settled_at for hold, _ in evidence.holds if hold.status == "expired"]
    return sum(moment is not None and at is not None and at < moment for at in ended)


def _show_stripe(evidence: Evidence) -> None:
    orders = evidence.outside.stripe.values()
    went = {"refund at Stripe": sum(order.refunds for order in orders)}
    went["dispute at Stripe"] = sum(order.disputes for order in orders)
    went |= {f"webhook {status}": count for status, count in evidence.outside.deliveries.items()}
    went["event delivered twice"] = evidence.outside.doubled
    click.echo("\nat Stripe")
    for what, count in went.items():
        click.echo(f"  {what:<34} {count:>7}")


if __name__ == "__main__":
    main()

"""`reconcile`: compare the books with OhMyGPT and Stripe, now."""

import click

from oauth_app.cli.answers import json_option, show_many, show_one
from oauth_app.cli.opening import open_ready_hub
from oauth_app.db import reading
from oauth_app.services.reconciliation import reconcile as compare
from oauth_app.services.reconciliation_closing import read_overview
from oauth_app.services.reconciliation_wire import difference_object, run_object


@click.command()
@json_option
def reconcile(*, as_json: bool) -> None:
    """Compare the books with themselves, with OhMyGPT and with Stripe; with open differences the exit code is 1.

    Differences are closed with a reason at /admin/reconciliation; one that is gone at the next run closes by itself.
    """
    with open_ready_hub() as hub:
        run = run_object(compare(hub, started_by="the command line"))
        with reading(hub.engine) as session:
            differences = [difference_object(each) for each in read_overview(session).differences]
    if as_json:
        show_one({"run": run, "differences": differences}, as_json=True)
    else:
        show_many([_line(each) for each in differences], as_json=False, nothing="All sides agree.")
    if differences:
        raise click.exceptions.Exit(1)


def _line(difference: dict[str, object]) -> dict[str, object]:
    columns = ("id", "side", "kind", "subject", "asset", "expected", "found", "found_at")
    return {name: difference[name] for name in columns}

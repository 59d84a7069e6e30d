"""`worker`: the background jobs alone, for a hub whose servers should do nothing else."""

import logging
import signal
import threading

import click

from oauth_app import worker as jobs
from oauth_app.cli.opening import open_ready_hub


@click.command()
def worker() -> None:
    """Run the background jobs alone.

    Every `serve` runs them too; more workers do no harm. A stop waits for the job at hand.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("oauth_app").setLevel(logging.INFO)
    asked_to_stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_stop.set())
    with open_ready_hub() as hub:
        running = jobs.start(hub)
        click.echo("The worker runs (Ctrl-C stops it)")
        asked_to_stop.wait()
        click.echo("Stopping after the job at hand …")
        running.stop()

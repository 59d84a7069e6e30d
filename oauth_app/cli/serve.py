"""`serve`: the hub alone, as in production."""

from typing import Any

import click
import uvicorn
from uvicorn.config import LOGGING_CONFIG

from oauth_app.cli.opening import check_database, open_hub
from oauth_app.cli.ports import check_port_is_free
from oauth_app.relay.door import RelayDoor
from oauth_app.relay.realtime_door import SERVER_OPTIONS
from oauth_app.settings import hand_on_workers, load_settings

#: Streams that are still running when a stop is asked for may finish for this long.
_GRACE_S = 30
#: A worker process that says nothing for so long is replaced. It says nothing while it imports, which takes many
#: seconds on a busy machine: uvicorn's own 5 would kill the new ones again and again.
_WORKER_SILENCE_S = 60


@click.command()
@click.option("--host", help="Address to listen on.  [default: HUB_HOST]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: HUB_PORT]")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes to run.")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="What the server tells about itself.",
)
def serve(host: str | None, port: int | None, workers: int, log_level: str) -> None:
    """Run the hub alone.

    It refuses settings that would be unsafe, and a database that is not at the newest revision.
    """
    settings = load_settings()
    host, port = host or settings.hub_host, port or settings.hub_port
    check_port_is_free(host, port, setting="--port or HUB_PORT")
    with open_hub(settings) as hub:
        check_database(hub)
    hand_on_workers(workers)
    uvicorn.run(
        "oauth_app.asgi:create_asgi",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http=RelayDoor,
        **SERVER_OPTIONS,
        log_level=log_level,
        log_config=log_config(log_level.upper()),
        access_log=False,  # the hub writes its own, with request ids and without secrets
        proxy_headers=False,  # TRUSTED_PROXY_COUNT decides whom to believe
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        timeout_worker_healthcheck=_WORKER_SILENCE_S,
    )


def log_config(level: str) -> dict[str, Any]:
    """Return the server's logging, with the time, and with what the hub has to say."""
    formatters = {
        name: {**formatter, "fmt": f"%(asctime)s {formatter['fmt']}"}
        for name, formatter in LOGGING_CONFIG["formatters"].items()
    }
    ours = {"handlers": ["default"], "level": level, "propagate": False}
    return {**LOGGING_CONFIG, "formatters": formatters, "loggers": {**LOGGING_CONFIG["loggers"], "oauth_app": ours}}

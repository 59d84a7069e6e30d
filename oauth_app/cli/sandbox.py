"""`sandbox`: the emulator of OhMyGPT alone, for the OAuth client of our settings."""

import sys
from urllib.parse import urlsplit

import click

from oauth_app.cli.ports import check_port_is_free
from oauth_app.cli.programs import Program, running
from oauth_app.settings import Settings, load_settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.  [default: SANDBOX_PORT]")
@click.option("--reset", is_flag=True, help="Forget the state and seed the accounts anew.")
def sandbox(host: str, port: int | None, *, reset: bool) -> None:
    """Run the emulator of OhMyGPT alone.

    It knows the OAuth client that OHMYGPT_CLIENT_ID and OHMYGPT_CLIENT_SECRET name, and keeps its state in the
    instance folder.
    """
    settings = load_settings()
    port = port or settings.sandbox_port
    check_port_is_free(host, port, setting="--port or SANDBOX_PORT")
    program = sandbox_program(settings, host=host, port=port, reset=reset)
    try:
        with running([program]) as lines:
            click.echo(f"The sandbox answers at http://{host}:{port} (Ctrl-C stops it)")
            for line in lines:
                click.echo(line.text)
    except KeyboardInterrupt:
        click.echo("Stopped.")


def sandbox_program(settings: Settings, *, host: str, port: int, reset: bool = False) -> Program:
    """Return the sandbox as a program to start."""
    # Several while rotating: any of them is believed.
    secret = {"SANDBOX_STRIPE_WEBHOOK_SECRET": secrets[0]} if (secrets := settings.webhook_secrets) else {}
    options = ["--host", host, "--port", str(port), "--database", str(settings.hub_instance / "sandbox.db")]
    return Program(
        name="sandbox",
        command=[sys.executable, "-m", "oauth_app.sandbox", *options, *(["--reset"] if reset else [])],
        environment={
            "SANDBOX_CLIENT_ID": settings.ohmygpt_client_id,
            "SANDBOX_CLIENT_SECRET": settings.ohmygpt_client_secret.get_secret_value(),
            "SANDBOX_REDIRECT_DOMAIN": urlsplit(settings.hub_issuer).hostname or "127.0.0.1",
            # By the port, not the issuer: the double talks to this machine only.
            "SANDBOX_STRIPE_WEBHOOK_URL": f"http://127.0.0.1:{settings.hub_port}/webhooks/stripe",
            **secret,
        },
        ready_url=f"http://{host}:{port}/healthz",
    )

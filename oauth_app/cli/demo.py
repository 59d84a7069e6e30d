"""`demo`: sandbox, hub and example partner together, ready to click."""

import re
import shutil
import sys

import click
from sqlalchemy import make_url

from oauth_app.cli.banner import partner_url, show_banner
from oauth_app.cli.demo_partner import DemoPartner, find_or_register
from oauth_app.cli.opening import open_hub
from oauth_app.cli.ports import check_port_is_free
from oauth_app.cli.programs import Line, Program, running
from oauth_app.cli.sandbox import sandbox_program
from oauth_app.db import transaction
from oauth_app.errors import HubError
from oauth_app.services.operators import grant_operator
from oauth_app.services.schema import upgrade_schema
from oauth_app.settings import ROOT, Settings, load_settings

OPERATOR = "admin@example.com"

#: Successful requests in a development server's log: nobody wants to read them.
_ROUTINE = re.compile(r'" [123]\d\d -?$')


class NotADemoError(HubError):
    """The settings are not those of a demo; the text says which."""


@click.command()
@click.option("--reset", is_flag=True, help="Empty the instance folder first: users, money, secrets, all of it.")
def demo(*, reset: bool = False) -> None:
    """Start hub, sandbox and example partner; this is what happens without a command."""
    settings = load_settings()
    check_is_demo(settings)
    check_ports(settings)
    if reset:
        empty_instance(settings)
        settings = load_settings()  # with new secrets
    click.echo("Starting the sandbox, the hub and the example partner …")
    partner = prepare(settings)
    try:
        with running(programs_of(settings, partner)) as lines:
            show_banner(settings)
            for line in lines:
                _pass_on(line)
    except KeyboardInterrupt:
        click.echo("\nStopped. Start again with the same command; everything is kept.")


def check_is_demo(settings: Settings) -> None:
    """Refuse to put demo accounts into a hub of real people.

    Raises:
        NotADemoError: `HUB_ENV` says production.
    """
    if settings.production:
        msg = "HUB_ENV=production: the demo runs only with HUB_ENV=sandbox; use `serve` here"
        raise NotADemoError(msg)


def check_ports(settings: Settings) -> None:
    """Refuse ports that are taken, by the name of the setting that changes them.

    Raises:
        PortTakenError: one of the three is.
    """
    for name in ("hub_port", "sandbox_port", "partner_port"):
        check_port_is_free(settings.hub_host, getattr(settings, name), setting=name.upper())


def empty_instance(settings: Settings) -> None:
    """Delete what the demo keeps.

    Raises:
        NotADemoError: the database is elsewhere, or the folder holds what no hub has put there.
    """
    folder = settings.hub_instance.resolve()
    database = make_url(settings.database_url)
    if database.get_backend_name() != "sqlite" or folder not in (ROOT / (database.database or "")).parents:
        msg = f"DATABASE_URL is not a file in {folder}; empty that database by its own means"
        raise NotADemoError(msg)
    if folder.exists() and not (folder / "secrets.json").exists():
        msg = f"{folder} is no instance folder of a demo: it has no secrets.json; empty it yourself"
        raise NotADemoError(msg)
    shutil.rmtree(folder, ignore_errors=True)


def prepare(settings: Settings) -> DemoPartner:
    """Bring the database up to date, with an operator and a partner in it; doing it again changes nothing."""
    with open_hub(settings) as hub:
        upgrade_schema(hub.engine)
        with transaction(hub.engine) as session:
            grant_operator(session, OPERATOR)
            return find_or_register(session, settings.hub_instance, partner_url(settings))


def programs_of(settings: Settings, partner: DemoPartner) -> list[Program]:
    """Return what to start, in this order."""
    host, issuer = settings.hub_host, settings.hub_issuer
    hub = Program(
        name="hub",
        command=[sys.executable, "-m", "oauth_app.cli.main", "serve", "--log-level", "warning"],
        ready_url=f"http://{host}:{settings.hub_port}/readyz",
    )
    site = Program(
        name="example partner",
        command=[sys.executable, str(ROOT / "examples" / "partner_site" / "site.py")],
        environment={
            "OIDC_ISSUER": issuer,
            "OIDC_CLIENT_ID": partner.client_id,
            "OIDC_CLIENT_SECRET": partner.client_secret,
            "PORT": str(settings.partner_port),
        },
        ready_url=partner_url(settings),
    )
    return [sandbox_program(settings, host=host, port=settings.sandbox_port), hub, site]


def _pass_on(line: Line) -> None:
    if line.text and not _ROUTINE.search(line.text):
        click.echo(click.style(f"{line.program.name:>15} │ ", dim=True) + line.text)

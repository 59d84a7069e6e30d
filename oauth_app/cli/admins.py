"""`admins`: who may open ``/admin``."""

import click

from oauth_app.cli.answers import json_option, show_many
from oauth_app.cli.opening import open_ready_hub
from oauth_app.db import reading, transaction
from oauth_app.errors import HubError
from oauth_app.services.operators import grant_operator, list_operators, revoke_operator


class NotAnOperatorError(HubError):
    """The address has no right that could be taken back."""


@click.group()
def admins() -> None:
    """Say who may open /admin."""


@admins.command()
@click.argument("email")
def grant(email: str) -> None:
    """Let the owner of an OhMyGPT account operate this hub."""
    with open_ready_hub() as hub, transaction(hub.engine) as session:
        grant_operator(session, email)
    click.echo(f"{email} may open {hub.settings.hub_issuer}/admin.")


@admins.command()
@click.argument("email")
def revoke(email: str) -> None:
    """Take the right back."""
    with open_ready_hub() as hub, transaction(hub.engine) as session:
        if not revoke_operator(session, email):
            msg = f"{email} was no operator; `admins list` shows who is"
            raise NotAnOperatorError(msg)
    click.echo(f"{email} may no longer open /admin.")


@admins.command("list")
@json_option
def list_all(*, as_json: bool) -> None:
    """List all operators."""
    with open_ready_hub() as hub, reading(hub.engine) as session:
        rows = [{"email": one.email, "granted_at": one.granted_at} for one in list_operators(session)]
    show_many(rows, as_json=as_json, nothing="Nobody yet. Begin with `admins grant EMAIL`.")

"""`partners permits`: who may register sites without the operator."""

from datetime import timedelta

import click

from oauth_app.cli.answers import json_option, show_many, show_one
from oauth_app.cli.opening import open_ready_hub
from oauth_app.db import reading, transaction
from oauth_app.services.permits import PermitWish, create_permit, list_permits, revoke_permit


@click.group()
def permits() -> None:
    """Give permits to register sites at /oauth/register (RFC 7591)."""


@permits.command()
@click.option("--note", required=True, help="Whom it is for.")
@click.option("--uses", type=click.IntRange(1), default=1, show_default=True, help="How many sites.")
@click.option("--days", type=click.IntRange(1, 3650), default=7, show_default=True, help="How long.")
@json_option
def create(note: str, *, uses: int, days: int, as_json: bool) -> None:
    """Print a permit, the initial access token; it is shown this once."""
    try:
        wish = PermitWish(note=note, uses=uses, life=timedelta(days=days))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    with open_ready_hub() as hub, transaction(hub.engine) as session:
        permit = create_permit(session, wish)
    endpoint = f"{hub.settings.hub_issuer}/oauth/register"
    show_one(
        {"id": permit.id, "initial_access_token": permit.token, "registration_endpoint": endpoint}, as_json=as_json
    )


@permits.command("list")
@json_option
def list_all(*, as_json: bool) -> None:
    """List the permits that still permit something, newest first."""
    with open_ready_hub() as hub, reading(hub.engine) as session:
        rows = [
            {"id": row.id, "note": row.note, "uses_left": row.uses_left, "expires_at": row.expires_at}
            for row in list_permits(session)
        ]
    show_many(rows, as_json=as_json, nothing="There are no permits. Give one with `partners permits create --note …`.")


@permits.command()
@click.argument("permit_id")
def revoke(permit_id: str) -> None:
    """Take a permit back; sites that were registered with it stay."""
    with open_ready_hub() as hub, transaction(hub.engine) as session:
        found = revoke_permit(session, permit_id)
    if not found:
        raise click.ClickException(f"there is no permit {permit_id}")  # noqa: EM102, TRY003 - the sentence is for people
    click.echo(f"{permit_id} is revoked.")

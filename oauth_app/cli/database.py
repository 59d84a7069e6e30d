"""`db`: bring the tables to the version that this program needs."""

import click

from oauth_app.cli.opening import open_hub
from oauth_app.services.schema import downgrade_schema, upgrade_schema


@click.group("db")
def database() -> None:
    """Migrate the database."""


@database.command()
def upgrade() -> None:
    """Run the migrations that are missing; none missing is fine."""
    with open_hub() as hub:
        upgrade_schema(hub.engine)
    click.echo("The database is at the newest revision.")


@database.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Do not ask.")
def downgrade(revision: str, *, yes: bool) -> None:
    """Go back to a revision, such as -1 for the one before; `base` drops every table with all that is in it."""
    if not yes:
        click.confirm(f"Going back to {revision} deletes data. Have you a backup?", abort=True)
    with open_hub() as hub:
        downgrade_schema(hub.engine, revision)
    click.echo(f"The database is at {revision}.")

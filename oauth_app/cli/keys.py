"""`keys`: the keys that sign id_tokens."""

import click

from oauth_app.cli.answers import json_option, show_many
from oauth_app.cli.opening import open_ready_hub
from oauth_app.db import reading
from oauth_app.provider.signing import ALGORITHMS
from oauth_app.services.signing_keys import list_signing_keys, rotate_signing_keys


@click.group()
def keys() -> None:
    """Look after the keys that sign id_tokens."""


@keys.command()
@click.option("--algorithm", type=click.Choice(ALGORITHMS), help="Of this one only.  [default: all that are in use]")
@json_option
def rotate(*, algorithm: str | None, as_json: bool) -> None:
    """Make new signing keys; they are published at once, sign in five minutes, and the old ones retire."""
    with open_ready_hub() as hub:
        made = rotate_signing_keys(hub, algorithm)
    rows = [{"key_id": key_id, "algorithm": algorithm} for algorithm, key_id in made.items()]
    show_many(rows, as_json=as_json, nothing="No key was made.")


@keys.command("list")
@json_option
def list_all(*, as_json: bool) -> None:
    """List the published keys, oldest first."""
    with open_ready_hub() as hub, reading(hub.engine) as session:
        rows = [
            {"key_id": key.key_id, "algorithm": key.algorithm, "created_at": key.created_at, "until": key.retired_at}
            for key in list_signing_keys(session)
        ]
    show_many(rows, as_json=as_json, nothing="None yet; the first one is made when it is needed.")

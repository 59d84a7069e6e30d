"""`keys`: the keys that sign id_tokens."""

import click

from oauth_app.cli.answers import json_option, show_many, show_one
from oauth_app.cli.opening import open_ready_hub
from oauth_app.db import reading, transaction
from oauth_app.services.signing_keys import list_signing_keys, rotate_signing_key


@click.group()
def keys() -> None:
    """Look after the keys that sign id_tokens."""


@keys.command()
@json_option
def rotate(*, as_json: bool) -> None:
    """Make a new signing key; it is published at once, signs in five minutes, and the old ones retire."""
    with open_ready_hub() as hub, transaction(hub.engine) as session:
        key_id = rotate_signing_key(session, hub.vault)
    show_one({"key_id": key_id}, as_json=as_json)


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

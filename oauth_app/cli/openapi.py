"""`openapi`: the description of the partner API, for programs that make clients of it."""

import json

import click

from oauth_app.api.openapi_document import build_document
from oauth_app.cli.opening import open_hub
from oauth_app.factory import create_app


@click.command()
def openapi() -> None:
    """Print the OpenAPI document of the partner API, which is JSON."""
    with open_hub() as hub:
        document = build_document(create_app(hub), hub.settings.hub_issuer)
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))

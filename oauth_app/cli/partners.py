"""`partners`: register sites and look after them."""

import click

from oauth_app.cli.answers import Row, json_option, show_many, show_one
from oauth_app.cli.opening import open_ready_hub
from oauth_app.db import reading, transaction
from oauth_app.models import Partner
from oauth_app.services import partners as domain
from oauth_app.services.registration import Registration
from oauth_app.services.scopes import ALL_SCOPES

_NONE_YET = "There are no partners yet. Register one with `partners create --name … --redirect-uri …`."


@click.group()
def partners() -> None:
    """Register partner sites: the OAuth clients of this hub."""


@partners.command()
@click.option("--name", required=True, help="What users read on the consent page.")
@click.option("--redirect-uri", "redirect_uris", required=True, multiple=True, help="Exact callback; repeatable.")
@click.option("--post-logout-redirect-uri", "post_logout_uris", multiple=True, help="Where a logout may lead.")
@click.option("--scope", "scopes", multiple=True, help="A scope it may ask for; repeatable.  [default: all]")
@click.option("--public", is_flag=True, help="For apps that cannot keep a secret: none is made, PKCE is all.")
@json_option
def create(  # noqa: PLR0913 - an argument for each option
    name: str,
    redirect_uris: tuple[str, ...],
    post_logout_uris: tuple[str, ...],
    scopes: tuple[str, ...],
    *,
    public: bool,
    as_json: bool,
) -> None:
    """Register a site and print its credentials; the secret is shown this once."""
    wish = Registration(
        name=name,
        redirect_uris=redirect_uris,
        post_logout_redirect_uris=post_logout_uris,
        scopes=[one for given in scopes for one in given.split()] or ALL_SCOPES,
        is_public=public,
    )
    with open_ready_hub() as hub, transaction(hub.engine) as session:
        credentials = domain.create_partner(session, wish)
    _show_credentials(credentials, issuer=hub.settings.hub_issuer, as_json=as_json)


@partners.command("list")
@json_option
def list_all(*, as_json: bool) -> None:
    """List all partners, newest first."""
    with open_ready_hub() as hub, reading(hub.engine) as session:
        rows = [_summary(partner) for partner in domain.list_partners(session)]
    show_many(rows, as_json=as_json, nothing=_NONE_YET)


@partners.command()
@click.argument("client_id")
@json_option
def show(client_id: str, *, as_json: bool) -> None:
    """Show one partner; never its secret, which the hub does not know."""
    with open_ready_hub() as hub, reading(hub.engine) as session:
        row = _details(domain.get_partner(session, client_id))
    show_one(row, as_json=as_json)


@partners.command("rotate-secret")
@click.argument("client_id")
@json_option
def rotate_secret(client_id: str, *, as_json: bool) -> None:
    """Print a new secret; the old one works for another 24 hours."""
    with open_ready_hub() as hub, transaction(hub.engine) as session:
        credentials = domain.rotate_secret(session, client_id)
    _show_credentials(credentials, issuer=hub.settings.hub_issuer, as_json=as_json)


@partners.command()
@click.argument("client_id")
def disable(client_id: str) -> None:
    """Switch a partner off: its tokens and secrets stop working at once."""
    with open_ready_hub() as hub, transaction(hub.engine) as session:
        domain.disable_partner(session, client_id)
    click.echo(f"{client_id} is disabled.")


def _show_credentials(credentials: domain.Credentials, *, issuer: str, as_json: bool) -> None:
    row: Row = {"issuer": issuer, "client_id": credentials.client_id, "client_secret": credentials.client_secret}
    show_one(row, as_json=as_json)


def _summary(partner: Partner) -> Row:
    state = "disabled" if partner.disabled_at else "active"
    return {"client_id": partner.id, "name": partner.name, "state": state, "created_at": partner.created_at}


def _details(partner: Partner) -> Row:
    return {
        **_summary(partner),
        "public": partner.is_public,
        "redirect_uris": partner.redirect_uris,
        "post_logout_redirect_uris": partner.post_logout_redirect_uris,
        "scopes": partner.scopes,
        "homepage": partner.homepage,
        "fee_basis_points": partner.fee_basis_points,
    }

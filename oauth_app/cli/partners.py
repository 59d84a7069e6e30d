"""`partners`: register sites and look after them."""

from dataclasses import asdict, replace

import click
from sqlalchemy.orm import Session

from oauth_app.cli.answers import Row, json_option, show_many, show_one
from oauth_app.cli.opening import open_ready_hub
from oauth_app.cli.partner_fees import SET_BY, fees, set_fee
from oauth_app.cli.partner_options import partner_options, read_options
from oauth_app.cli.permits import permits
from oauth_app.cli.site_limit_options import read_site_limits, site_limit_options, take_site_limits
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Partner
from oauth_app.provider.clients import auth_methods_of
from oauth_app.services import fees as fee_domain
from oauth_app.services import partners as domain
from oauth_app.services.registration import Registration
from oauth_app.services.site_limits import SiteLimits, set_site_limits
from oauth_app.services.webhook_endpoints import EndpointWish, check_url, register_endpoint

_NONE_YET = "There are no partners yet. Register one with `partners create --name … --redirect-uri …`."


@click.group()
def partners() -> None:
    """Register partner sites: the OAuth clients of this hub."""


for _command in (permits, fees, set_fee):
    partners.add_command(_command)


@partners.command()
@click.option("--name", required=True, help="What users read on the consent page.")
@partner_options
@click.option("--webhook-url", help="Where it is told of events; prints a webhook secret. Without it there is none.")
@json_option
def create(*, webhook_url: str | None, as_json: bool, **told: object) -> None:
    """Register a site and print its credentials; the secrets are shown this once."""
    wish = Registration(**{"redirect_uris": [], **read_options(told)})
    with open_ready_hub() as hub:
        if webhook_url is not None:
            check_url(hub.outside, webhook_url)
        with transaction(hub.engine) as session:
            credentials = domain.create_partner(session, wish)
            webhook_secret = _register_webhook(session, hub, credentials.client_id, webhook_url)
    more = {} if webhook_secret is None else {"webhook_secret": webhook_secret}
    _show_credentials(credentials, issuer=hub.settings.hub_issuer, as_json=as_json, more=more)


@partners.command()
@click.argument("client_id")
@click.option("--name", help="What users read on the consent page.")
@partner_options
@site_limit_options
@json_option
def update(client_id: str, *, as_json: bool, **told: object) -> None:
    """Change what a site is registered with: what you name, and nothing else. An empty text takes a value away."""
    said = take_site_limits(told)
    with open_ready_hub() as hub, transaction(hub.engine) as session:
        partner = domain.get_partner(session, client_id)
        limits = read_site_limits(SiteLimits.of(partner), said, hub.upstream.units_per_cny)
        set_site_limits(session, client_id, limits)
        before = domain.registration_of(partner)
        wish = replace(before, **read_options(told))
        partner = domain.update_partner(session, client_id, wish)
        if told["fee_basis_points"] is not None:
            fee_domain.set_fee(session, client_id, wish.fee_basis_points, set_by=SET_BY)
        row = _details(partner)
    show_one(row, as_json=as_json)


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


def _register_webhook(session: Session, hub: Hub, partner_id: str, url: str | None) -> str | None:
    if url is None:
        return None
    return register_endpoint(session, hub.vault, EndpointWish(partner_id=partner_id, url=url)).secret


def _show_credentials(credentials: domain.Credentials, *, issuer: str, as_json: bool, more: Row | None = None) -> None:
    row: Row = {"issuer": issuer, "client_id": credentials.client_id, "client_secret": credentials.client_secret}
    show_one({**row, **(more or {})}, as_json=as_json)


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
        "grant_types": partner.grant_types,
        "authentication": auth_methods_of(partner),
        "jwks_uri": partner.jwks_uri,
        "id_token_algorithm": partner.id_token_algorithm,
        "legacy": partner.is_legacy,
        "requires_par": partner.requires_par,
        "requires_dpop": partner.requires_dpop,
        "backchannel_logout_uri": partner.backchannel_logout_uri,
        "homepage": partner.homepage,
        "policy_uri": partner.policy_uri,
        "terms_uri": partner.terms_uri,
        "mode": partner.mode,
        "fee_basis_points": partner.fee_basis_points,
        **asdict(SiteLimits.of(partner)),
    }

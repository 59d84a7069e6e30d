"""`partners set-fee` and `partners fees`: what the operator takes of a partner's charges, by version."""

import click

from oauth_app.cli.answers import Row, json_option, show_many, show_one
from oauth_app.cli.opening import open_ready_hub
from oauth_app.db import reading, transaction
from oauth_app.models import FeeVersion
from oauth_app.services import fees as domain

#: Who set a fee here, unless somebody is named.
SET_BY = "command line"


@click.command("set-fee")
@click.argument("client_id")
@click.option("--basis-points", type=click.IntRange(0, 10_000), required=True, help="Your part, in 1/100 %.")
@click.option("--by", "set_by", default=SET_BY, show_default=True, help="Who decided it, for the history.")
@json_option
def set_fee(client_id: str, *, basis_points: int, set_by: str, as_json: bool) -> None:
    """Let a new fee count from now on; charges that were made keep theirs."""
    if not 0 < len(set_by) <= domain.MAX_NAME_CHARS:
        msg = f"1 to {domain.MAX_NAME_CHARS} characters"
        raise click.BadParameter(msg, param_hint="--by")
    with open_ready_hub() as hub, transaction(hub.engine) as session:
        row = _shown(domain.set_fee(session, client_id, basis_points, set_by=set_by))
    show_one({"client_id": client_id, **row}, as_json=as_json)


@click.command()
@click.argument("client_id")
@json_option
def fees(client_id: str, *, as_json: bool) -> None:
    """List the versions of a partner's fee, the one that counts now first."""
    with open_ready_hub() as hub, reading(hub.engine) as session:
        rows = [_shown(version) for version in domain.list_fees(session, client_id)]
    show_many(rows, as_json=as_json, nothing="")


def _shown(version: FeeVersion) -> Row:
    return {
        "fee_version": version.id,
        "basis_points": version.basis_points,
        "set_by": version.set_by,
        "valid_from": version.valid_from,
    }

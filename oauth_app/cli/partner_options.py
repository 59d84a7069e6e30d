"""What can be said about a partner on the command line; the names are those of ``Registration``."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from oauth_app.provider.clients import DEVICE_CODE_GRANT, GRANT_TYPES
from oauth_app.provider.signing import ALGORITHMS

_DEVICE = "device_code"
_GRANTS = {_DEVICE: DEVICE_CODE_GRANT, **{grant: grant for grant in GRANT_TYPES if grant != DEVICE_CODE_GRANT}}

_OPTIONS = (
    click.option("--redirect-uri", "redirect_uris", multiple=True, help="Exact callback; repeatable."),
    click.option("--post-logout-redirect-uri", "post_logout_redirect_uris", multiple=True, help="After a logout."),
    click.option("--scope", "scopes", multiple=True, help="A scope it may ask for; repeatable.  [default: all]"),
    click.option(
        "--public/--confidential", "is_public", default=None, help="Public: cannot keep a secret, so gets none."
    ),
    click.option("--grant-type", "grant_types", type=click.Choice(list(_GRANTS)), multiple=True, help="Repeatable."),
    click.option("--id-token-alg", "id_token_algorithm", type=click.Choice(ALGORITHMS), help="Default: ES256."),
    click.option("--jwks", type=click.Path(path_type=Path), help="File with its public keys, for private_key_jwt."),
    click.option("--jwks-uri", help="Where its public keys are, for private_key_jwt."),
    click.option("--legacy-confidential/--pkce", "is_legacy", default=None, help="Legacy: a nonce does for PKCE."),
    click.option("--require-par/--no-require-par", "requires_par", default=None, help="Pushed requests only."),
    click.option("--require-dpop/--no-require-dpop", "requires_dpop", default=None, help="No bearer tokens."),
    click.option("--backchannel-logout-uri", help="Where it is told of ended sessions."),
    click.option("--homepage", help="Its front page."),
    click.option("--policy-uri", help="What it does with personal data."),
    click.option("--terms-uri", help="Its terms of service."),
    click.option("--fee-basis-points", type=click.IntRange(0, 10_000), help="Your part of each charge, in 1/100 %."),
)


def partner_options(command: Callable[..., None]) -> Callable[..., None]:
    """Let the command take everything that can be said about a partner."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_options(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was said, as fields of a ``Registration``. An empty text takes a value away."""
    said: dict[str, Any] = {name: _plain(value) for name, value in told.items() if value is not None and value != ()}
    if "scopes" in said:
        said["scopes"] = [scope for given in said["scopes"] for scope in given.split()]
    if "grant_types" in said:
        said["grant_types"] = [_GRANTS[name] for name in said["grant_types"]]
    if "jwks" in said:
        said |= {"jwks": _read_jwks(said["jwks"]), "jwks_uri": None}
    elif said.get("jwks_uri"):
        said["jwks"] = None
    return said


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [one for one in value if one]
    return None if value == "" else value


def _read_jwks(path: Path | None) -> object:
    if path is None or path == Path():
        return None
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"cannot be read as JSON: {error}"
        raise click.BadParameter(msg, param_hint="--jwks") from None

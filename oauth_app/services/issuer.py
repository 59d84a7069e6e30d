"""The hub as an OpenID provider: its name, its keys, and what it grants."""

from oauth_app.hub import Hub
from oauth_app.provider.dpop_nonces import Nonces
from oauth_app.provider.issuer import Issuer
from oauth_app.services.languages import LANGUAGES
from oauth_app.services.scopes import ALL_SCOPES, CLIENT_SCOPES
from oauth_app.services.signing_keys import load_signing_keys


def load_issuer(hub: Hub, *, fresh: bool = False) -> Issuer:
    """Return the issuer of the moment. May open transactions of its own: call it before yours begins."""
    return Issuer(
        url=hub.settings.hub_issuer,
        keys=load_signing_keys(hub, fresh=fresh),
        scopes=ALL_SCOPES,
        ui_locales=tuple(LANGUAGES),
        client_scopes=CLIENT_SCOPES,
        nonces=make_nonces(hub),
    )


def make_nonces(hub: Hub) -> Nonces:
    """Return the nonces for proofs of possession, the same in every process of the hub."""
    return Nonces(hub.settings.hub_secret_key.get_secret_value())

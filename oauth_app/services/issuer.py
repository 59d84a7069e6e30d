"""The hub as an OpenID provider: its name, its keys, and what it grants."""

from oauth_app.hub import Hub
from oauth_app.provider.issuer import Issuer
from oauth_app.services.scopes import ALL_SCOPES
from oauth_app.services.signing_keys import load_signing_keys


def load_issuer(hub: Hub) -> Issuer:
    """Return the issuer of the moment. May open transactions of its own: call it before yours begins."""
    return Issuer(url=hub.settings.hub_issuer, keys=load_signing_keys(hub), scopes=ALL_SCOPES)

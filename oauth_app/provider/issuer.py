"""Who issues: the name, the keys and the scopes that every answer is made with."""

from dataclasses import dataclass

from oauth_app.provider.dpop_nonces import Nonces
from oauth_app.provider.signing import SigningKeys


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """The hub as partners know it."""

    #: The issuer identifier, from the settings: never what a request says about the host.
    url: str
    keys: SigningKeys
    scopes: tuple[str, ...]
    #: The languages of the pages (BCP 47).
    ui_locales: tuple[str, ...] = ()
    #: What of them a partner's server can have in its own name (the client credentials grant).
    client_scopes: tuple[str, ...] = ()
    #: For proofs of possession.
    nonces: Nonces

    @property
    def acr(self) -> str:
        """What is known of every sign-in, as an ``acr``: that it was made at OhMyGPT, and not how well."""
        return f"{self.url}/acr/ohmygpt"

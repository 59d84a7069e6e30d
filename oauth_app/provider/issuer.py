"""Who issues: the name, the keys and the scopes that every answer is made with."""

from dataclasses import dataclass

from oauth_app.provider.signing import SigningKeys


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """The hub as partners know it."""

    #: The issuer identifier, from the settings: never what a request says about the host.
    url: str
    keys: SigningKeys
    scopes: tuple[str, ...]

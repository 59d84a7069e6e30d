"""Where a program that is refused finds out how to get a token (RFC 9728 5)."""

from urllib.parse import quote

from flask import request

from oauth_app.hub import current_hub

#: Everything under it wants to know who calls.
API_PREFIX = "/hub/v1/"
USERINFO = "/oauth/userinfo"
_METADATA = "/.well-known/oauth-protected-resource"


def is_protected(path: str) -> bool:
    """Tell whether an address of this path wants an access token."""
    return path.startswith(API_PREFIX) or path == USERINFO


def pointed(challenge: str) -> str:
    """Return the challenge with the address of what is known of the present resource (RFC 9728 5.1)."""
    if not challenge.startswith(("Bearer ", "DPoP ")):
        return challenge
    address = f"{current_hub().settings.hub_issuer}{_METADATA}{quote(request.path)}"
    return f'{challenge}, resource_metadata="{address}"'

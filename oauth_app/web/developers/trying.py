"""A link that starts a sign-in at a site, to see the consent page as a visitor of the site does."""

import base64
import hashlib
import secrets
from urllib.parse import urlencode

from oauth_app.models import Partner


def try_it_url(partner: Partner) -> str | None:
    """Return an authorization request of this site; None if a link cannot be one.

    Nobody knows the verifier of its challenge, so the code that comes of it is worth nothing.
    """
    if not partner.redirect_uris or partner.requires_par or partner.disabled_at:
        return None
    challenge = base64.urlsafe_b64encode(hashlib.sha256(secrets.token_bytes(32)).digest()).rstrip(b"=")
    query = {
        "client_id": partner.id,
        "redirect_uri": partner.redirect_uris[0],
        "response_type": "code",
        "scope": " ".join(partner.scopes),
        "state": f"try-{secrets.token_urlsafe(8)}",
        "nonce": secrets.token_urlsafe(8),
        "prompt": "consent",
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
    }
    return f"/oauth/authorize?{urlencode(query)}"

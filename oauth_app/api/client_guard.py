"""Guard of what concerns a partner itself and none of its users: only its server may call."""

from flask import g, request
from werkzeug.exceptions import NotFound

from oauth_app.api.bearer import decode_basic, prove_client_token
from oauth_app.api.dpop import presented
from oauth_app.api.errors import ClientRequiredError
from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.services.access import BoundTokenError, InvalidTokenError
from oauth_app.services.client_access import authenticate_client
from oauth_app.services.presented_access import Presented

_NUL = "\0"


def require_client() -> None:
    """Let in only a partner's server, by its secret or a token of its own; no user's token, for it acts for none.

    Raises:
        ClientRequiredError: nothing was sent, or something else.
        InvalidClientError: the client is not proven.
    """
    if request.method == "OPTIONS":
        return  # a browser's preflight brings no credentials, and gets no data
    if _NUL in request.path:
        raise NotFound
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in {"bearer", "dpop"}:
        g.partner_id = _of_token(presented(credentials.strip(), is_dpop=scheme.lower() == "dpop"))
    elif scheme.lower() == "basic":
        g.partner_id = _of_secret(credentials.strip())
    else:
        raise ClientRequiredError


def _of_token(token: Presented) -> str:
    """A user's token is refused by its own name: it is a good one, for something else."""
    try:
        return prove_client_token(token).partner.id
    except BoundTokenError:
        raise
    except InvalidTokenError:
        raise ClientRequiredError from None


def _of_secret(credentials: str) -> str:
    client_id, secret = decode_basic(credentials)
    with reading(current_hub().engine) as session:
        return authenticate_client(session, client_id, secret).id


def current_partner_id() -> str:
    """Return which partner calls, behind the guard."""
    partner_id: str = g.partner_id
    return partner_id

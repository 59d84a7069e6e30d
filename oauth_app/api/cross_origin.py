"""Which answers a program in a browser may read from another origin (Fetch Standard 3.2, "CORS")."""

from flask import Response

_DAY_S = 86_400


def let_browsers_read(response: Response) -> Response:
    """Open the answer to every origin: a token or a code authenticates the caller, and never a cookie.

    ``Access-Control-Allow-Credentials`` is left out for good, so that no browser sends its cookies along.
    """
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
    response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, DPoP"
    response.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate, X-Request-Id, DPoP-Nonce"
    response.headers["Access-Control-Max-Age"] = str(_DAY_S)
    return response

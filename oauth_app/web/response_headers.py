"""Headers of every answer: the request's id, and what a browser must not do with our pages."""

from flask import Flask, Response, g, request

from oauth_app.identifiers import Kind, new_id
from oauth_app.settings import Settings

#: What a page may load and do. ``g.csp_form_action = None`` leaves ``form-action`` out, for a form whose
#: answer sends the browser to another site: browsers hold that redirect against this rule, too.
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
#: What other sites put into their pages: the sign-in button.
_EMBEDDED = ("/static/connect.js", "/static/brand/")
_MAX_REQUEST_ID_CHARS = 64


def register_response_headers(app: Flask, settings: Settings) -> None:
    """Give every request an id and every answer its headers."""

    @app.before_request
    def name_request() -> None:
        given = request.headers.get("X-Request-Id", "")
        usable = given.isascii() and given.replace("-", "").replace("_", "").isalnum()
        g.request_id = given if usable and len(given) <= _MAX_REQUEST_ID_CHARS else new_id(Kind.REQUEST)

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        response.headers["X-Content-Type-Options"] = "nosniff"
        # same-origin, not no-referrer: the CSRF check on HTTPS needs the Referer of our own forms.
        response.headers["Referrer-Policy"] = "same-origin"
        if settings.production:
            response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if response.mimetype == "text/html":
            _protect_page(response)
        elif request.endpoint == "static" and request.path.startswith(_EMBEDDED):
            _share(response)
        return response


def _protect_page(response: Response) -> None:
    form_action = "" if g.get("csp_form_action", "'self'") is None else "; form-action 'self'"
    response.headers["Content-Security-Policy"] = _CONTENT_POLICY + form_action
    response.headers["X-Frame-Options"] = "DENY"
    response.headers.setdefault("Cache-Control", "no-store")


def _share(response: Response) -> None:
    """Let any page load it, also one that isolates itself; ``integrity`` needs CORS (Subresource Integrity 3.5)."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    # An hour, and a day more while a newer one is fetched: a mended file is everywhere by tomorrow.
    response.headers["Cache-Control"] = "public, max-age=3600, stale-while-revalidate=86400"

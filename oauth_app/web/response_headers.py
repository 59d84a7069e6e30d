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
        return response


def _protect_page(response: Response) -> None:
    form_action = "" if g.get("csp_form_action", "'self'") is None else "; form-action 'self'"
    response.headers["Content-Security-Policy"] = _CONTENT_POLICY + form_action
    response.headers["X-Frame-Options"] = "DENY"
    response.headers.setdefault("Cache-Control", "no-store")

"""Rendering pages: templates, the headers that guard them, and the style sheet."""

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import money
from oauth_app.sandbox.errors import PageError

_HERE: Final = Path(__file__).parent

#: No ``form-action``: browsers apply it to the redirect after a form too, and would stop the
#: way back to the application that sent the person here.
_CONTENT_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
)

_HEADERS: Final = {
    "Content-Security-Policy": _CONTENT_POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#5b4bdb"/>'
    '<path d="M9 17.5l4.5 4.5L23 11" fill="none" stroke="#fff" stroke-width="3.2" stroke-linecap="round" '
    'stroke-linejoin="round"/></svg>'
)

_templates: Final = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["readable"] = money.readable


def page(name: str, *, status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401 - whatever the template shows
    """Return a rendered template with the headers every page carries."""
    return HTMLResponse(_templates.get_template(name).render(**values), status, _HEADERS)


def error_page(error: PageError) -> HTMLResponse:
    """Return a refusal as a page."""
    return page("error.html", status=error.status, heading=error.heading, text=error.text)


async def style_sheet(_request: Request) -> Response:
    """Answer with the one style sheet."""
    text = (_HERE / "static" / "sandbox.css").read_text()
    return Response(text, media_type="text/css", headers={"Cache-Control": "max-age=60"})


async def icon(_request: Request) -> Response:
    """Answer with the icon of the browser tab, which is also the mark on the pages."""
    return Response(_ICON, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})


ROUTES: Final = (
    Route("/static/sandbox.css", style_sheet),
    Route("/static/icon.svg", icon),
    Route("/favicon.ico", icon),
)

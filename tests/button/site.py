"""A site without a server program: pages on an origin of their own, under a content policy as strict as they come."""

import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import Error, Page, Route

from tests.fixtures.live import LiveHub

_PATIENCE_S = 15
#: What a page's own script would do: listen, and keep what it hears for the test.
_APP = """
window.heard = [];
for (const name of ["ohmygpt-connect", "ohmygpt-connect-error"])
  document.addEventListener(name, (event) => heard.push({ name, ...event.detail, error: undefined }));
"""
_PAGE = """<!doctype html><html lang="{language}"><meta charset="utf-8"><title>A page</title>
<link rel="icon" href="data:,"><script {script} src="{hub}/static/connect.js"></script>
<script defer src="/app.js"></script>
<main><h1>Welcome</h1>{button}</main></html>"""


@dataclass(kw_only=True)
class Site:
    """The site; what its page holds is up to the test."""

    live: LiveHub
    client_id: str = ""
    port: int = 0
    language: str = "en"
    script: str = ""
    attributes: str = ""
    button: str | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address of its only page; the host differs from the hub's, so cookies are foreign, too."""
        return f"http://localhost:{self.port}/"

    @property
    def policy(self) -> str:
        """What its page may load: the hub's script, and the hub's answers; no style, and no string becomes code."""
        return (
            f"default-src 'none'; script-src 'self' {self.live.url}; connect-src {self.live.url}; img-src data:; "
            "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
        )

    def page(self) -> str:
        """Return the page."""
        button = self.button or f'<ohmygpt-connect client-id="{self.client_id}" {self.attributes}></ohmygpt-connect>'
        return _PAGE.format(hub=self.live.url, language=self.language, script=self.script, button=button)

    def show(self, page: Page, *, attributes: str = "", query: str = "") -> None:
        """Open the page, with a button that has these attributes."""
        self.attributes = attributes
        page.goto(self.url + query)


class SiteHandler(BaseHTTPRequestHandler):
    """Serves the page, its script, and a login route."""

    def __init__(self, site: Site, *arguments: Any) -> None:  # noqa: ANN401 - passed on
        self._site = site
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Answer."""
        path = self.path.partition("?")[0]
        self._site.asked.append(self.path)
        body, kind = {
            "/": (self._site.page(), "text/html"),
            "/app.js": (_APP, "text/javascript"),
            "/login": ("the site's own login", "text/plain"),
            "/other": ("<!doctype html><title>Somebody else</title>", "text/html"),
        }.get(path, ("nothing", "text/plain"))
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Security-Policy", self._site.policy)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def serve(site: Site) -> ThreadingHTTPServer:
    """Return a server for the site on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SiteHandler, site))
    site.port = server.server_address[1]
    return server


def heard(page: Page) -> dict[str, Any]:
    """Return the first event that the page's script hears, though the page may be left and come back before."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(Error):  # the page is just being left
            # Not wait_for_function: it makes code of a string, and the page's policy forbids that.
            if event := page.evaluate("window.heard?.[0]"):
                return dict(event)
        page.wait_for_timeout(20)
    raise AssertionError(f"nothing was heard at {page.url}")  # noqa: EM102, TRY003 - a test's own words


def answer_with(page: Page, site: Site, **parameters: str) -> None:
    """Let somebody in the middle answer the authorization request so; the state is the page's own."""

    def answer(route: Route) -> None:
        state = route.request.url.partition("&state=")[2].partition("&")[0]
        query = "&".join(f"{name}={value}" for name, value in ({"state": state} | parameters).items())
        route.fulfill(status=302, headers={"Location": f"{site.url}?{query}"})

    page.route("**/oauth/authorize?**", answer)

"""The guides' programs, started as their readers start them, and somebody who signs in there."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests

from tests.conftest import ROOT
from tests.fixtures.hub import make_partner
from tests.fixtures.live import Browser, LiveHub
from tests.fixtures.provider_pages import approve, form_with

EXAMPLES = ROOT / "examples"
ALICE = "alice@example.com"
_START_S = 60
_MOST_STEPS = 20


@dataclass(frozen=True, kw_only=True)
class Program:
    """A running example."""

    url: str
    live: LiveHub


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody at a browser who says yes to everything."""

    live: LiveHub
    browser: Browser = field(init=False)

    def __post_init__(self) -> None:
        """Open the browser."""
        object.__setattr__(self, "browser", Browser(url=self.live.url))

    def visit(self, url: str) -> requests.Response:
        """Open the address and follow wherever it leads, until a page asks nothing more."""
        page = self.browser.get(url, allow_redirects=False)
        for _ in range(_MOST_STEPS):
            page_or_none = self._step(page)
            if page_or_none is None:
                return page
            page = page_or_none
        raise AssertionError(f"a circle at {page.url}")  # noqa: EM102, TRY003 - a test's own words

    def _step(self, page: requests.Response) -> requests.Response | None:
        if page.is_redirect:
            target = urljoin(page.url, page.headers["Location"])
            if target.startswith(str(self.live.hub.settings.ohmygpt_web_base)):
                target = approve(self.browser.http, target, ALICE)
            return self.browser.get(target, allow_redirects=False)
        if urlsplit(page.url).netloc == urlsplit(self.live.url).netloc and 'name="decision"' in page.text:
            return self._agree(page)
        return None

    def _agree(self, page: requests.Response) -> requests.Response:
        action, values = form_with(page.text, "csrf_token", "decision")
        target = urljoin(page.url, action)
        return self.browser.http.post(target, data=values | {"decision": "agree"}, timeout=15, allow_redirects=False)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def settings_for(live: LiveHub, callback: str, **more: str) -> dict[str, str]:
    """Register the example's site, and return its environment."""
    site = make_partner(live.hub.engine, name="Guide", redirect_uris=[callback])
    known = {
        "OIDC_ISSUER": live.url,
        "OIDC_CLIENT_ID": site.client_id,
        "OIDC_CLIENT_SECRET": str(site.client_secret),
        "SECRET_KEY": "a" * 64,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {**os.environ, **known, **more}


@contextmanager
def running(command: list[str], folder: Path, url: str, environment: dict[str, str]) -> Iterator[None]:
    """Start a program, wait until it answers, and stop it at the end."""
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            _wait_for(url, process)
            yield
        finally:
            process.terminate()


def _wait_for(url: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"it ended: {process.stdout.read() if process.stdout else ''}"
        try:
            requests.get(url, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{url} does not answer")  # noqa: EM102, TRY003 - a test's own words


def python(*arguments: str) -> list[str]:
    """Return the command that runs Python with what the tests have installed."""
    return [sys.executable, *arguments]

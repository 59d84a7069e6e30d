"""A sandbox in a thread of its own, and a small client for it."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from oauth_app.sandbox.application import create_app
from oauth_app.sandbox.config import DUMMY_CLIENT_ID, DUMMY_CLIENT_SECRET, Config
from oauth_app.sandbox.server import Server

ALICE = "alice@example.com"
BOB = "bob@example.com"
CALLBACK = "http://127.0.0.1:8000/login/callback"
OAUTH = "/api/v1/user/oauth"


class Emulator:
    """Speaks to a running sandbox as a hub, a browser and a test would."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, method: str, path: str, body: object = None) -> requests.Response:
        """Call the control interface."""
        return requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=10)

    def token(self, email: str = ALICE) -> str:
        """Return a fresh OAuth token without the browser."""
        return str(self.control("POST", "tokens", {"email": email}).json()["token"])

    def account(self, email: str = ALICE) -> dict[str, Any]:
        """Return what the sandbox knows of an account."""
        return dict(self.control("GET", f"accounts/{email}").json())

    def set_balance(self, balance: str, email: str = ALICE) -> None:
        """Set the paid balance of an account."""
        self.control("PUT", f"accounts/{email}", {"balance": balance})

    def fault(self, match: str, kind: str, **options: object) -> None:
        """Ask for a fault."""
        answer = self.control("POST", "faults", {"match": match, "kind": kind, **options})
        assert answer.status_code == 201, answer.text

    def app(self, operation: str, token: str, **fields: str) -> requests.Response:
        """Call an operation of the OAuth API with a form."""
        headers = {"Authorization": f"Bearer {token}"}
        return requests.post(f"{self.url}{OAUTH}/app/{operation}", data=fields, headers=headers, timeout=10)

    def issue(self, code: str, secret: str = DUMMY_CLIENT_SECRET) -> requests.Response:
        """Exchange a code."""
        form = {"client_id": DUMMY_CLIENT_ID, "client_secret": secret, "code": code}
        return requests.post(f"{self.url}{OAUTH}/issue-token", data=form, timeout=10)

    def post(self, path: str, token: str, body: object, *, stream: bool = False) -> requests.Response:
        """Call an AI route with JSON."""
        headers = {"Authorization": f"Bearer {token}"}
        return requests.post(f"{self.url}{path}", json=body, headers=headers, stream=stream, timeout=10)

    def authorize_url(self, **changes: str) -> str:
        """Return the address of the authorization page; an empty change leaves a parameter out."""
        query = {
            "response_type": "code",
            "client_id": DUMMY_CLIENT_ID,
            "redirect_uri": CALLBACK,
            "scope": "general_api_access",
            "state": "s-1",
        } | changes
        given = {name: value for name, value in query.items() if value}
        return str(requests.Request("GET", f"{self.url}/next/v1/oauth", params=given).prepare().url)


class Browser:
    """A browser without scripts: it keeps cookies and fills in forms."""

    def __init__(self, emulator: Emulator) -> None:
        self.http = requests.Session()
        self._emulator = emulator

    def open(self, url: str) -> requests.Response:
        """Load a page and follow redirects."""
        return self.http.get(url, timeout=10)

    def submit(self, page: requests.Response, **fields: str) -> requests.Response:
        """Send the form of a page with its hidden token; redirects are not followed."""
        found = re.search(r'name="csrf" value="([^"]+)"', page.text)
        form = fields | ({"csrf": found[1]} if found else {})
        return self.http.post(page.url, data=form, allow_redirects=False, timeout=10)

    def sign_in(self, page: requests.Response, email: str = ALICE) -> requests.Response:
        """Sign in on the page shown and load what follows."""
        answer = self.submit(page, email=email, password="sandbox")
        return self.open(self._emulator.url + answer.headers["location"])

    def approve(self, **changes: str) -> str:
        """Go through sign-in and consent; return the address the sandbox sends the person to."""
        page = self.open(self._emulator.authorize_url(**changes))
        consent = self.sign_in(page) if "sign-in" in page.url else page
        return self.submit(consent, decision="approve").headers["location"]


def chat(prompt: str = "hi", **options: object) -> dict[str, object]:
    """Return the body of a chat call."""
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": prompt}], **options}


@contextmanager
def running(config: Config) -> Iterator[Emulator]:
    """Run a sandbox on a free port until the block ends."""
    ready = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(create_app(config), ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    assert ready.wait(10)
    try:
        yield Emulator(f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join(10)

"""A browser: it keeps cookies, follows no redirect on its own, and can press the buttons of the consent page."""

from urllib.parse import parse_qs, urlsplit

from flask import Flask
from werkzeug.test import TestResponse

from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.services.browser_sessions import start_session
from tests.fixtures.hub import Person
from tests.fixtures.provider_pages import form_with


class Browser:
    """One browser."""

    def __init__(self, app: Flask, hub: Hub) -> None:
        self.client = app.test_client()
        self.hub = hub

    def sign_in(self, person: Person) -> None:
        """Be this person from now on."""
        with transaction(self.hub.engine) as session:
            token = start_session(session, person.user_id)
        with self.client.session_transaction() as cookie:
            cookie["login"] = token

    def open(self, url: str) -> TestResponse:
        """Open an address of the hub."""
        return self.client.get(url)

    def request(self, parameters: dict[str, str]) -> TestResponse:
        """Open the authorization endpoint with these parameters; empty ones are left out."""
        return self.client.get("/oauth/authorize", query_string={k: v for k, v in parameters.items() if v})

    def post(self, url: str, data: dict[str, str]) -> TestResponse:
        """Post a form."""
        return self.client.post(url, data=data)

    def decide(self, page: TestResponse, decision: str = "agree", **fields: str) -> TestResponse:
        """Press a button of the consent page."""
        action, values = form_with(page.text, "user")
        return self.post(action, values | {"decision": decision} | fields)

    def allow(self, url: str) -> str:
        """Go through the authorization, agreeing if asked, and return where the browser is sent."""
        answer = self.open(url)
        if answer.status_code == 200:
            answer = self.decide(answer)
        assert answer.status_code in {302, 303}, answer.text
        return answer.location


def query_of(address: str) -> dict[str, str]:
    """Return the parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}

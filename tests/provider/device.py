"""A device that signs in by the device flow, and the person at a browser who lets it."""

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from oauth_app.provider.clients import DEVICE_CODE_GRANT
from oauth_app.services.partners import Credentials
from tests.fixtures.provider_pages import form_with
from tests.provider.browser import Browser

PAGE = "/oauth/device"
Codes = dict[str, Any]


class Device:
    """One device."""

    def __init__(self, app: Flask, credentials: Credentials) -> None:
        self._app = app
        self.client_id = credentials.client_id
        self._credentials = {"client_id": credentials.client_id, "client_secret": credentials.client_secret or ""}

    def ask_codes(self, scope: str = "openid email offline_access", **changes: str) -> TestResponse:
        """Ask for codes by a raw request."""
        return self._post("/oauth/device_authorization", scope=scope, **changes)

    def start(self, **wishes: str) -> Codes:
        """Return fresh codes."""
        answer = self.ask_codes(**wishes)
        assert answer.status_code == 200, answer.text
        codes: Codes = answer.get_json()
        return codes

    def question(self, codes: Codes) -> dict[str, str]:
        """Return what the device sends to the token endpoint."""
        asked = {"grant_type": DEVICE_CODE_GRANT, "device_code": str(codes["device_code"])}
        return {name: value for name, value in (self._credentials | asked).items() if value}

    def poll(self, codes: Codes) -> TestResponse:
        """Ask whether the person has decided."""
        return self._app.test_client().post("/oauth/token", data=self.question(codes))

    def refresh(self, refresh_token: str) -> TestResponse:
        """Exchange a refresh token."""
        return self._post("/oauth/token", grant_type="refresh_token", refresh_token=refresh_token)

    def agree(self, browser: Browser, codes: Codes) -> TestResponse:
        """Let the person at the browser agree."""
        return self.decide(browser, codes, "agree")

    def decide(self, browser: Browser, codes: Codes, decision: str) -> TestResponse:
        """Let the person at the browser type the code and decide."""
        page = type_code(browser, str(codes["user_code"]))
        action, values = form_with(page.text, "user")
        return browser.post(action, values | {"decision": decision})

    def _post(self, path: str, **fields: str) -> TestResponse:
        form = {name: value for name, value in (self._credentials | fields).items() if value}
        return self._app.test_client().post(path, data=form)


def type_code(browser: Browser, typed: str) -> TestResponse:
    """Let the person open the page and type a code."""
    action, values = form_with(browser.open(PAGE).text, "user_code")
    return browser.post(action, values | {"user_code": typed})

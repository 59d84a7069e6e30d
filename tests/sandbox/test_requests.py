"""Requests of every wrong form, on routes of every shape."""

import pytest
import requests

from oauth_app.sandbox.config import Config
from tests.sandbox.emulator import OAUTH, Emulator, running

INFO = f"{OAUTH}/app/charge-user-fee"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[1]"),
        ("application/json", b'"\xff"'),
        ("application/json", b'{"fee": {"a": 1}}'),
        ("application/json", b'{"fee": ' + b"9" * 5000 + b"}"),
        (FORM, b"fee=%ff"),
        (FORM, b"fee=\xff"),
        (FORM, b"a=1&" * 2000),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nnonsense"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        ("text/plain", b"fee=1"),
    ],
)
def test_an_unreadable_platform_body_is_a_400(sandbox: Emulator, token: str, content_type: str, body: bytes) -> None:
    """Whatever the bytes are, the answer is an envelope with statusCode 400."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type}
    answer = requests.post(sandbox.url + INFO, data=body, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["statusCode"]) == (200, 400)


@pytest.mark.parametrize("path", [INFO, "/v1/chat/completions", "/v1/messages", "/sandbox/sign-in"])
def test_a_body_too_large_is_413(path: str) -> None:
    """The size limit holds on every route, with and without a length announced."""
    with running(Config(body_limit_bytes=1000, faults=True)) as sandbox:
        headers = {"Authorization": sandbox.token(), "Content-Type": FORM}
        for body in (b"x" * 2000, iter([b"x" * 600] * 3)):
            answer = requests.post(sandbox.url + path, data=body, headers=headers, timeout=10)
            assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/nothing", "application/json"),
        ("/v1/messages/nothing", "application/json"),
        ("/api/v1/nothing", "application/json"),
        ("/nothing", "text/html; charset=utf-8"),
    ],
)
def test_an_unknown_address_answers_in_the_shape_of_its_neighbours(sandbox: Emulator, path: str, kind: str) -> None:
    """404 is a vendor's body, an envelope or a page."""
    answer = requests.get(sandbox.url + path, timeout=10)
    assert (answer.status_code, answer.headers["content-type"]) == (404, kind)


def test_a_wrong_method_says_what_is_allowed(sandbox: Emulator) -> None:
    """405 carries the methods."""
    answer = requests.get(sandbox.url + INFO, timeout=10)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_the_developer_page_shows_no_secret(sandbox: Emulator, token: str) -> None:
    """Accounts and requests are shown; tokens, secrets and payment addresses are not."""
    url = sandbox.app("create-stripe-invoice-order", token, amount="5").json()["data"]["url"]
    requests.get(url, timeout=10)
    page = requests.get(f"{sandbox.url}/", timeout=10).text
    assert "/stripe/i/…" in page
    assert not [text for text in (token, url, "SandboxClientSecret") if text in page]

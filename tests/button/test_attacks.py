"""What others bring to the redirect URI is not believed; each test is an attack that must fail."""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from playwright.sync_api import Page, Route

from tests.button.site import Site, answer_with, heard
from tests.fixtures.demo import Visitors

pytestmark = pytest.mark.browser
BUTTON = "ohmygpt-connect"
ERROR = "ohmygpt-connect-error"
Claims = dict[str, Any]


def test_a_forged_state_is_refused(page: Page, site: Site) -> None:
    """A code that this tab has not asked for is not exchanged (login CSRF)."""
    called: list[str] = []
    page.on("request", lambda request: called.append(request.url))
    site.show(page, query=f"?code=stolen&state=forged&iss={site.live.url}")
    assert heard(page)["code"] == "invalid_state"
    assert not [url for url in called if "/oauth/token" in url]


def test_an_answer_is_taken_once(page: Page, site: Site) -> None:
    """The same answer, opened again, belongs to nobody any more."""
    answers: list[str] = []
    page.on("request", lambda request: answers.append(request.url) if "code=" in request.url else None)
    site.show(page)
    page.locator(BUTTON).click()
    heard(page)
    page.goto(next(url for url in answers if url.startswith(site.url)))
    assert heard(page)["code"] == "invalid_state"


@pytest.mark.parametrize("issuer", [{}, {"iss": "https://evil.example"}])
def test_a_wrong_issuer_is_refused(page: Page, site: Site, issuer: dict[str, str]) -> None:
    """An answer by another provider, or by one that does not say who it is, is no answer (RFC 9207)."""
    called: list[str] = []
    page.on("request", lambda request: called.append(request.url))
    site.show(page)
    answer_with(page, site, code="theirs", **issuer)
    page.locator(BUTTON).click()
    assert heard(page)["code"] == "invalid_issuer"
    assert not [url for url in called if "/oauth/token" in url]


def test_a_document_of_another_issuer_is_refused(page: Page, site: Site) -> None:
    """Metadata that speaks for somebody else sends nobody anywhere (OpenID Connect Discovery 4.3)."""
    page.route("**/openid-configuration", lambda route: route.fulfill(json={"issuer": "https://evil.example"}))
    site.show(page)
    page.locator(BUTTON).click()
    assert heard(page)["code"] == "invalid_issuer"


def test_another_requests_nonce_is_refused(page: Page, site: Site) -> None:
    """A token that answers another request is refused, though the hub has signed it."""

    def swap(route: Route) -> None:
        before, _, rest = route.request.url.partition("&nonce=")
        route.continue_(url=f"{before}&nonce=another&{rest.partition('&')[2]}")

    page.route("**/oauth/authorize?**", swap)
    site.show(page)
    page.locator(BUTTON).click()
    event = heard(page)
    assert (event["code"], event["message"]) == ("invalid_id_token", "it answers another request")


def forge(page: Page, make: Callable[[Claims], str], key: ECKey) -> None:
    """Let somebody between page and hub put another id_token in the answer, and publish a key."""

    def sign(route: Route) -> None:
        answer = route.fetch()
        tokens = answer.json()
        body = tokens["id_token"].split(".")[1]
        tokens["id_token"] = make(json.loads(urlsafe_b64decode(body + "==")))
        route.fulfill(response=answer, json=tokens)

    page.route("**/oauth/token", sign)
    jwk = key.as_dict(private=False) | {"kid": "k"}
    page.route("**/jwks.json", lambda route: route.fulfill(response=route.fetch(), json={"keys": [jwk]}))


def es256(claims: Claims, key: ECKey, kid: str = "k") -> str:
    """Sign as the hub does."""
    return jwt.encode({"alg": "ES256", "kid": kid}, claims, key)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, None),
        ({"iss": "https://evil.example"}, "issued by https://evil.example"),
        ({"aud": "somebody"}, "meant for somebody"),
        ({"aud": ["somebody"]}, "meant for somebody"),
        ({"exp": int(time.time()) - 3600}, "it has expired"),
        ({"exp": None}, "it has expired"),
        ({"nonce": "another"}, "it answers another request"),
    ],
)
def test_each_claim_is_checked(page: Page, site: Site, change: Claims, why: str | None) -> None:
    """A well-signed token with one wrong claim is refused, and the reason told; without the change it is taken."""
    key = ECKey.generate_key("P-256")
    forge(page, lambda claims: es256({k: v for k, v in (claims | change).items() if v is not None}, key), key)
    site.show(page)
    page.locator(BUTTON).click()
    event = heard(page)
    assert (event["name"], event.get("message")) == (("ohmygpt-connect", None) if why is None else (ERROR, why))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda claims, _: es256(claims, ECKey.generate_key("P-256")), "its signature is wrong"),
        (lambda claims, key: es256(claims, key, kid="other"), "nobody has published its key"),
        (lambda claims, key: jwt.encode({"alg": "HS256", "kid": "k"}, claims, public_bytes(key)), "algorithm HS256"),
        (lambda claims, _: f"{_part({'alg': 'none', 'kid': 'k'})}.{_part(claims)}.", "algorithm none"),
        (lambda claims, key: swapped(es256(claims, key)), "its signature is wrong"),
    ],
    ids=["another key", "an unknown key", "the public key as secret", "none", "a changed body"],
)
def test_a_signature_must_be_the_hubs(page: Page, site: Site, make: Callable[[Claims, ECKey], str], why: str) -> None:
    """Only ES256 by a published key counts, whatever the token says of itself."""
    key = ECKey.generate_key("P-256")
    forge(page, lambda claims: make(claims, key), key)
    site.show(page)
    page.locator(BUTTON).click()
    event = heard(page)
    assert (event["name"], event["message"]) == (ERROR, why)


def public_bytes(key: ECKey) -> OctKey:
    """Return the public key as a secret, which everybody knows."""
    return OctKey.import_key(key.as_pem(private=False).hex())


def swapped(token: str) -> str:
    """Return the token with another subject and the old signature."""
    head, body, seal = token.split(".")
    claims = json.loads(urlsafe_b64decode(body + "=="))
    return f"{head}.{_part(claims | {'sub': 'admin'})}.{seal}"


def _part(value: Claims) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_a_message_from_elsewhere_is_no_answer(visitors: Visitors, site: Site) -> None:
    """While a popup is open, only that window is heard: a page that knows the state cannot speak for it."""
    page = visitors.visit()
    site.show(page, attributes='mode="popup"')
    with page.expect_popup() as opened:
        page.locator(BUTTON).click()
    opened.value.wait_for_selector("#email")
    page.evaluate(
        "(iss) => postMessage({ ohmygptConnect: `code=x&iss=${iss}&state=${sessionStorage.key(0).split(':')[1]}` })",
        site.live.url,
    )
    page.wait_for_timeout(300)
    assert page.evaluate("window.heard.length") == 0
    opened.value.close()


def test_the_popups_answer_reaches_its_own_origin_only(visitors: Visitors, site: Site) -> None:
    """A foreign page that opens the redirect URI as if it were the popup does not get the code."""
    page = visitors.visit()
    page.goto(site.url.replace("localhost", "127.0.0.1") + "other")
    page.evaluate("window.got = []; addEventListener('message', (event) => got.push(event.data))")
    with page.expect_popup() as opened:
        page.evaluate("(url) => { window.open(url) }", f"{site.url}?code=secret&state=popup.x")
    popup = opened.value
    if not popup.is_closed():
        popup.wait_for_event("close")
    page.wait_for_timeout(200)
    assert page.evaluate("window.got") == []


def test_a_login_url_is_an_address(page: Page, site: Site) -> None:
    """A login-url that is code is not run."""
    site.show(page, attributes='login-url="javascript:window.ran = true"')
    page.locator(BUTTON).click()
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    assert page.url == site.url

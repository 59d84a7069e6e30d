"""The same journey without a browser: Authlib's own client, plain HTTP and the unmodified openai package."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin

import openai
import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

from oauth_app.db import reading
from oauth_app.models import UpstreamConnection
from oauth_app.services.connections import open_token
from tests.fixtures.hub import Sandbox, make_partner
from tests.fixtures.live import Browser, LiveHub
from tests.fixtures.provider_pages import approve, form_with

ALICE = "alice@example.com"
CALLBACK = "http://127.0.0.1:8002/callback"
SCOPES = "openid profile email offline_access balance:read charges:write topups:write api"
YUAN = 3_400_000


@dataclass(kw_only=True)
class Partner:
    """A partner's server, made of Authlib's client, and alice at her browser."""

    live: LiveHub
    client: OAuth2Session
    browser: Browser
    metadata: dict[str, str]
    #: Every answer that anybody got, for those who look for what must not be in it.
    answers: list[requests.Response] = field(default_factory=list)

    def sign_in(self) -> dict[str, object]:
        """Go from the authorization request over OhMyGPT and the consent page to the tokens."""
        verifier = generate_token(64)
        url, _ = self.client.create_authorization_url(
            self.metadata["authorization_endpoint"], code_verifier=verifier, nonce="n-1"
        )
        to_login = self.browser.get(url, allow_redirects=False).headers["Location"]
        outside = self.browser.get(to_login, allow_redirects=False).headers["Location"]
        consent = self.browser.get(approve(self.browser.http, outside, ALICE))
        action, fields = form_with(consent.text, "csrf_token", "decision")
        back = self.browser.http.post(
            urljoin(consent.url, action), data=fields | {"decision": "agree"}, timeout=15, allow_redirects=False
        )
        token: dict[str, object] = self.client.fetch_token(
            self.metadata["token_endpoint"], authorization_response=back.headers["Location"], code_verifier=verifier
        )
        return token

    def call(self, method: str, path: str, **options: object) -> requests.Response:
        """Call the hub's API with the user's token."""
        answer: requests.Response = self.client.request(method, f"{self.live.url}/hub/v1/{path}", timeout=15, **options)
        return answer


@pytest.fixture
def partner(live_hub: LiveHub, browser: Browser) -> Iterator[Partner]:
    """Register a partner at a running hub, and read its metadata as any client would."""
    shop = make_partner(live_hub.hub.engine, redirect_uris=[CALLBACK])
    metadata = requests.get(f"{live_hub.url}/.well-known/openid-configuration", timeout=10).json()
    with OAuth2Session(
        shop.client_id,
        shop.client_secret,
        scope=SCOPES,
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        token_endpoint=metadata["token_endpoint"],
    ) as client:
        partner = Partner(live=live_hub, client=client, browser=browser, metadata=metadata)
        for session in (client, browser.http):
            session.hooks["response"].append(lambda answer, *_, **__: partner.answers.append(answer))
        yield partner


def test_the_id_token_says_who_it_is(partner: Partner) -> None:
    """The id_token verifies with the published key, and userinfo agrees with it."""
    token = partner.sign_in()
    keys = KeySet.import_key_set(requests.get(partner.metadata["jwks_uri"], timeout=10).json())
    claims = jwt.decode(str(token["id_token"]), keys, algorithms=["ES256"]).claims
    person = partner.client.get(partner.metadata["userinfo_endpoint"], timeout=10).json()
    assert (claims["iss"], claims["nonce"], claims["sub"]) == (partner.live.url, "n-1", person["sub"])
    assert person["email"] == ALICE


def test_money_moves_once(partner: Partner) -> None:
    """A charge, repeated with its key, takes 1.00 CNY once; the balance and the list agree."""
    partner.sign_in()
    before = partner.call("GET", "balance").json()["ohmygpt"]["paid"]
    wish = {"amount": YUAN, "asset": "OMG", "description": "A postcard"}
    answers = [partner.call("POST", "charges", json=wish, headers={"Idempotency-Key": "order-1"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert before - partner.call("GET", "balance").json()["ohmygpt"]["paid"] == YUAN
    assert len(partner.call("GET", "charges").json()["data"]) == 1


@pytest.mark.parametrize("kind", ["checkout", "invoice"])
def test_a_top_up_arrives(partner: Partner, sandbox: Sandbox, kind: str) -> None:
    """An order is opened, paid on its page, seen as paid, and in the balance."""
    partner.sign_in()
    wish = {"provider": "ohmygpt", "kind": kind, "amount": 1000, "asset": "CNY"}
    order = partner.call("POST", "top-ups", json=wish, headers={"Idempotency-Key": "top-1"}).json()
    before = partner.call("GET", "balance").json()["ohmygpt"]["paid"]
    sandbox.pay(order["url"])
    assert partner.call("GET", f"top-ups/{order['id']}").json()["status"] == "paid"
    assert partner.call("GET", "balance").json()["ohmygpt"]["paid"] - before == 10 * YUAN


def test_the_openai_package_chats(partner: Partner) -> None:
    """The unmodified package streams an answer, and the call stands in the user's usage."""
    token = partner.sign_in()
    before = partner.call("GET", "balance").json()["ohmygpt"]
    with openai.OpenAI(base_url=f"{partner.live.url}/v1", api_key=str(token["access_token"])) as client:
        stream = client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": "[[words=12]]"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        words = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert len(words.split()) == 12
    after = partner.call("GET", "balance").json()["ohmygpt"]
    assert before["paid"] + before["free"] > after["paid"] + after["free"]


def test_refreshing_and_revoking(partner: Partner) -> None:
    """A refresh token gives the next pair; once revoked, the family is over."""
    token = partner.sign_in()
    fresh = partner.client.refresh_token(partner.metadata["token_endpoint"], refresh_token=token["refresh_token"])
    assert fresh["access_token"] != token["access_token"]
    assert partner.call("GET", "me").status_code == 200
    partner.client.revoke_token(partner.metadata["revocation_endpoint"], token=fresh["refresh_token"])
    assert partner.call("GET", "me").status_code == 401


def test_nobody_ever_sees_the_upstream_token(partner: Partner, caplog: pytest.LogCaptureFixture) -> None:
    """In no answer to partner or user, header or body, and in no line of the log is OhMyGPT's token."""
    caplog.set_level(0)
    token = partner.sign_in()
    partner.call("GET", "balance")
    partner.call("POST", "charges", json={"amount": 1, "asset": "OMG"}, headers={"Idempotency-Key": "k"})
    partner.browser.get("/account")
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    for path in ("/v1/models", "/v1/nothing", "/api/v1/user/oauth/app/query-user-basic-info"):
        partner.answers.append(requests.get(partner.live.url + path, headers=headers, timeout=10))
    hub = partner.live.hub
    with reading(hub.engine) as session:
        user_id = session.query(UpstreamConnection.user_id).scalar()
        secrets = {
            open_token(session, hub.vault, user_id, reason="test"),
            hub.settings.ohmygpt_client_secret.get_secret_value(),
            hub.settings.hub_vault_keys.get_secret_value().partition(":")[2],
        }
    seen = caplog.text + "".join(f"{answer.headers}{answer.text}" for answer in partner.answers)
    assert len(partner.answers) > 10
    assert [secret for secret in secrets if secret in seen] == []

"""idpyoidc, a certified implementation that shares no code with ours, signs in with the hub.

Its add-ons for pushed requests and DPoP are left out: the first waits for 200 where RFC 9126 2.2 has 201, the second
writes ``ath`` in hexadecimal where RFC 9449 4.2 has base64url. openid-client does both, see ``test_openid_client.py``.
"""

from pathlib import Path
from typing import Any

import pytest
from idpyoidc.client.rp_handler import RPHandler

from tests.fixtures.hub import make_partner
from tests.fixtures.live import Browser, LiveHub
from tests.journey.person import ALICE, go

BASE = "https://rp.example"
CALLBACK = f"{BASE}/callback"
SCOPES = ["openid", "profile", "email", "offline_access"]
_CLIENT = "idpyoidc.client"
SERVICES = {
    "discovery": {"class": f"{_CLIENT}.oidc.provider_info_discovery.ProviderInfoDiscovery"},
    "authorization": {"class": f"{_CLIENT}.oidc.authorization.Authorization"},
    "access_token": {"class": f"{_CLIENT}.oidc.access_token.AccessToken"},
    "refresh_access_token": {"class": f"{_CLIENT}.oidc.refresh_access_token.RefreshAccessToken"},
    "userinfo": {"class": f"{_CLIENT}.oidc.userinfo.UserInfo"},
    "end_session": {"class": f"{_CLIENT}.oidc.end_session.EndSession"},
}
_PKCE = {"code_challenge_length": 64, "code_challenge_method": "S256"}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library writes its keys into the folder it runs in."""
    monkeypatch.chdir(tmp_path)


class RelyingParty:
    """A site on idpyoidc, and alice at her browser."""

    def __init__(self, live: LiveHub, browser: Browser, configuration: dict[str, Any]) -> None:
        self._live, self._browser = live, browser
        self.handler = RPHandler(BASE, client_configs={live.url: configuration}, services=SERVICES)
        self.handler.keyjar.httpc_params = {"timeout": 10}

    def sign_in(self, **wishes: str) -> dict[str, Any]:
        """Let alice sign in, and return what idpyoidc makes of it; it raises when anything is not right."""
        url = self.handler.begin(self._live.url, req_args=wishes)
        answer = go(self._live, self._browser, url).parameters
        result: dict[str, Any] = self.handler.finalize(self._live.url, answer)
        assert "error" not in result, result
        return result


def _site(live: LiveHub, browser: Browser, method: str, **wishes: Any) -> RelyingParty:  # noqa: ANN401
    handler = RPHandler(BASE)  # makes the site's keys
    known = {"jwks": handler.keyjar.export_jwks()} if method == "private_key_jwt" else {}
    partner = make_partner(
        live.hub.engine, redirect_uris=[CALLBACK], post_logout_redirect_uris=[BASE], **known, **wishes
    )
    configuration = {
        "issuer": live.url,
        "client_id": partner.client_id,
        "client_type": "oidc",
        "redirect_uris": [CALLBACK],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "scopes_supported": SCOPES,
        "token_endpoint_auth_methods_supported": [method],
        "client_authn_methods": [method, "bearer_header"],
        "id_token_signing_alg_values_supported": [wishes.get("id_token_algorithm", "ES256")],
        "add_ons": {"pkce": {"function": f"{_CLIENT}.oauth2.add_on.pkce.add_support", "kwargs": _PKCE}},
    }
    secret = {"client_secret": partner.client_secret} if partner.client_secret else {}
    site = RelyingParty(live, browser, configuration | secret)
    site.handler.keyjar = handler.keyjar
    return site


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "private_key_jwt"])
def test_each_way_to_prove_oneself(live_hub: LiveHub, browser: Browser, method: str) -> None:
    """Discovery, PKCE, code, id_token and userinfo, with each way of client authentication."""
    result = _site(live_hub, browser, method).sign_in(scope=" ".join(SCOPES))

    assert result["userinfo"]["email"] == ALICE
    assert result["id_token"]["sub"] == result["userinfo"]["sub"]


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_each_signature_is_accepted(live_hub: LiveHub, browser: Browser, alg: str) -> None:
    """The id_token verifies with the key that the key set has for it."""
    result = _site(live_hub, browser, "client_secret_basic", id_token_algorithm=alg).sign_in()

    assert result["id_token"].jws_header["alg"] == alg


def test_the_answer_may_be_posted(live_hub: LiveHub, browser: Browser) -> None:
    """The answer comes as a form, and is as good."""
    site = _site(live_hub, browser, "client_secret_basic")

    assert site.sign_in(response_mode="form_post", scope="openid email")["userinfo"]["email"] == ALICE


def test_tokens_are_refreshed(live_hub: LiveHub, browser: Browser) -> None:
    """A refresh token gives tokens that are as good, about the same person."""
    site = _site(live_hub, browser, "client_secret_basic")
    first = site.sign_in(scope=" ".join(SCOPES))
    second = site.handler.refresh_access_token(first["state"])

    assert second["access_token"] != first["token"]
    person = site.handler.get_user_info(first["state"], access_token=second["access_token"])
    assert person["sub"] == first["userinfo"]["sub"]


def test_the_site_signs_alice_out(live_hub: LiveHub, browser: Browser) -> None:
    """RP-initiated logout: the browser comes back to the site, and alice is signed out at the hub, too."""
    site = _site(live_hub, browser, "client_secret_basic")
    state = site.sign_in()["state"]
    request = site.handler.logout(state, post_logout_redirect_uri=BASE)

    assert go(live_hub, browser, request["url"]).url.startswith(BASE)
    assert browser.get("/account", allow_redirects=False).headers["Location"].startswith("/login")

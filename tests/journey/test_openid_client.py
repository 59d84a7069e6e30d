"""openid-client, the reference client library of the OpenID world, signs in with the hub in every way it knows."""

from typing import Any

import pytest
from joserfc.jwk import ECKey

from tests.fixtures.hub import make_partner
from tests.fixtures.live import Browser, LiveHub
from tests.fixtures.node_clients import NodeClients
from tests.journey.person import ALICE, go

CALLBACK = "https://shop.example/callback"
SCOPE = "openid profile email offline_access"
ALL_GRANTS = (
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
)


class Client:
    """A partner's program on openid-client, and alice at a browser."""

    def __init__(self, nodes: NodeClients, live: LiveHub, browser: Browser) -> None:
        self._nodes, self._live, self._browser = nodes, live, browser

    def register(self, **wishes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of Registration
        """Register a partner, and return what its program must know."""
        credentials = make_partner(self._live.hub.engine, redirect_uris=[CALLBACK], **wishes)
        known = {"issuer": self._live.url, "redirect_uri": CALLBACK, "scope": SCOPE, "method": "client_secret_basic"}
        return known | {"client_id": credentials.client_id, "client_secret": credentials.client_secret}

    def do(self, name: str, task: dict[str, Any]) -> dict[str, Any]:
        """Run a task of ``tests/clients/openid_client.mjs``."""
        return self._nodes.openid_client(task | {"name": name}, self._visit)

    def _visit(self, url: str) -> dict[str, Any]:
        answer = go(self._live, self._browser, url)
        return {"form": answer.form} if answer.form else {"url": answer.url}


@pytest.fixture
def client(node_clients: NodeClients, live_hub: LiveHub, browser: Browser) -> Client:
    """Set the program up."""
    return Client(node_clients, live_hub, browser)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_server_signs_somebody_in(client: Client, method: str) -> None:
    """Code with PKCE, id_token, userinfo, refresh, introspection, revocation: nothing to complain of."""
    result = client.do("login", client.register() | {"method": method})

    assert result["person"]["email"] == ALICE
    assert result["rotated"]
    assert (result["before"]["active"], result["after"]) == (True, {"active": False})


@pytest.mark.parametrize("alg", ["ES256", "RS256", "EdDSA"])
def test_each_signature_is_accepted(client: Client, alg: str) -> None:
    """The id_token is signed as the partner registered, and verifies with the published key."""
    task = client.register(id_token_algorithm=alg) | {"alg": alg}

    assert client.do("login", task)["claims"]["sub"]


def test_a_public_client_signs_somebody_in(client: Client) -> None:
    """A program that can keep no secret does without, by PKCE alone."""
    assert client.do("login", client.register(is_public=True) | {"method": "none"})["person"]["email"] == ALICE


def test_the_answer_may_be_posted(client: Client) -> None:
    """The answer comes as a form, and is as good."""
    task = client.register() | {"parameters": {"response_mode": "form_post"}}

    assert client.do("login", task)["person"]["email"] == ALICE


def test_the_request_may_be_pushed(client: Client) -> None:
    """RFC 9126: what is asked for goes from server to server, and the browser carries only its name."""
    assert client.do("login", client.register(requires_par=True) | {"par": True})["person"]["email"] == ALICE


@pytest.mark.parametrize("more", [{}, {"par": True}])
def test_tokens_can_be_bound_to_a_key(client: Client, more: dict[str, Any]) -> None:
    """RFC 9449: code, tokens and userinfo with DPoP, nonces included."""
    result = client.do("login", client.register(requires_dpop=True) | {"dpop": True} | more)

    assert result["token_type"].lower() == "dpop"
    assert result["person"]["email"] == ALICE


def test_a_public_client_binds_its_refresh_token(client: Client) -> None:
    """RFC 9449 5: who has no secret proves the same key again at the refresh."""
    result = client.do("login", client.register(is_public=True) | {"method": "none", "dpop": True})

    assert result["rotated"]


def test_keys_of_its_own(client: Client) -> None:
    """RFC 7523: a server proves itself by its key, at the token endpoint and when it asks about a token."""
    key = ECKey.generate_key("P-256", {"kid": "k1", "use": "sig", "alg": "ES256"}, auto_kid=False)
    jwks = {"keys": [key.as_dict(private=False)]}
    task = client.register(jwks=jwks) | {"method": "private_key_jwt", "private_jwk": key.as_dict(private=True)}

    assert client.do("login", task)["before"]["active"]


def test_a_server_acts_for_itself(client: Client) -> None:
    """RFC 6749 4.4: a token without a user, and no refresh token with it."""
    task = client.register(grant_types=ALL_GRANTS) | {"scope": "charges:write"}
    result = client.do("machine", task)

    assert (result["active"], result["client_id"]) == (True, task["client_id"])
    assert not result["has_refresh_token"]


def test_a_device_signs_in(client: Client) -> None:
    """RFC 8628: alice types nothing on the device; she opens the address that it shows, and agrees there."""
    assert client.do("device", client.register(grant_types=ALL_GRANTS))["person"]["email"] == ALICE

"""DPoP at the relay (RFC 9449 7), on a real port: a bound token with its proof, and each way to do without."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from sqlalchemy import event, update

from oauth_app.db import transaction
from oauth_app.identifiers import digest
from oauth_app.models import TokenRow
from tests.fixtures.grants import grant
from tests.fixtures.hub import Person, make_partner, make_person
from tests.fixtures.live import LiveHub
from tests.provider.prover import Prover
from tests.relay.test_refusals import read_native

CHAT, MESSAGES, PLATFORM = "/v1/chat/completions", "/v1/messages", "/api/v1/ai/azure/voices"
EVERY_DIALECT = pytest.mark.parametrize("path", [CHAT, MESSAGES, PLATFORM])
BODY = {"model": "gpt-4o-mini", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
Call = Callable[..., requests.Response]


@pytest.fixture
def person(live_hub: LiveHub, sandbox: Any) -> Person:  # noqa: ANN401 - a fixture of the sandbox
    """Alice, who is connected."""
    return make_person(live_hub.hub, sandbox, "alice@example.com")


@pytest.fixture
def bearer(live_hub: LiveHub, person: Person) -> str:
    """A token of hers that is bound to nothing."""
    return grant(live_hub.hub.engine, person.user_id, make_partner(live_hub.hub.engine).client_id)


@pytest.fixture
def prover(live_hub: LiveHub) -> Prover:
    """A client with a key and a nonce."""
    answer = requests.post(f"{live_hub.url}/oauth/token", headers={"DPoP": "none yet"}, timeout=10)
    return Prover(nonce=answer.headers["DPoP-Nonce"])


@pytest.fixture
def token(live_hub: LiveHub, person: Person, prover: Prover) -> str:
    """A token of hers that is bound to the key."""
    token = grant(live_hub.hub.engine, person.user_id, make_partner(live_hub.hub.engine, name="Bound").client_id)
    with transaction(live_hub.hub.engine) as session:
        bind = update(TokenRow).where(TokenRow.token_digest == digest(token))
        session.execute(bind.values(dpop_thumbprint=prover.thumbprint))
    return token


@pytest.fixture
def call(live_hub: LiveHub, prover: Prover, token: str) -> Call:
    """Call as a good client does; what is given is done otherwise."""

    def call(
        path: str = CHAT,
        *,
        scheme: str = "DPoP",
        by: Prover = prover,
        proof: str | None = None,
        **changes: Any,  # noqa: ANN401 - JSON
    ) -> requests.Response:
        signed = by.proof("POST", live_hub.url + path, **({"token": token} | changes)) if proof is None else proof
        headers = {"Authorization": f"{scheme} {changes.get('token', token)}"} | ({"DPoP": signed} if signed else {})
        return requests.post(live_hub.url + path, json=BODY, headers=headers, timeout=20)

    return call


def refusal_of(answer: requests.Response) -> tuple[str, str]:
    """Return scheme and error of the challenge, checking the native shape on the way."""
    assert read_native(answer)[0] == 401
    scheme, _, told = answer.headers["WWW-Authenticate"].partition(" ")
    assert 'algs="ES256 RS256' in told
    assert "oauth-protected-resource" in told
    return scheme, told.split('"')[1]


@EVERY_DIALECT
def test_a_token_with_its_proof_is_relayed(call: Call, prover: Prover, path: str) -> None:
    """Each dialect, twice with the same token: the second time it is remembered, and proven all the same."""
    for _ in range(2):
        answer = call(path)
        assert answer.status_code == 200, answer.text
        assert answer.headers["DPoP-Nonce"] == prover.nonce


@EVERY_DIALECT
def test_a_bound_token_is_no_bearer_token(call: Call, path: str) -> None:
    """RFC 9449 7.2: neither before nor after the relay knows its caller."""
    assert refusal_of(call(path, scheme="Bearer", proof="")) == ("DPoP", "invalid_token")
    assert call(path).status_code == 200
    assert refusal_of(call(path, scheme="Bearer", proof="")) == ("DPoP", "invalid_token")


def test_a_bound_token_is_no_api_key(live_hub: LiveHub, token: str) -> None:
    """Anthropic's header is a bearer token by another name."""
    answer = requests.post(live_hub.url + MESSAGES, json=BODY, headers={"x-api-key": token}, timeout=20)
    assert refusal_of(answer) == ("DPoP", "invalid_token")


def test_a_bearer_token_proves_no_key(call: Call, bearer: str) -> None:
    """RFC 9449 7.1: bound to nothing, it is not good under DPoP."""
    assert refusal_of(call(token=bearer)) == ("DPoP", "invalid_token")


@EVERY_DIALECT
def test_a_proof_counts_once(call: Call, path: str) -> None:
    """RFC 9449 11.1: what was seen passing by is used up, while its caller is still remembered."""
    assert call(path, jti="the same").status_code == 200
    assert refusal_of(call(path, jti="the same")) == ("DPoP", "invalid_dpop_proof")


def test_the_key_of_another_is_refused(call: Call, prover: Prover) -> None:
    """A stolen token with the thief's own key is worth nothing, whether its owner has just called or not."""
    assert call().status_code == 200
    assert refusal_of(call(by=Prover(nonce=prover.nonce))) == ("DPoP", "invalid_dpop_proof")


@pytest.mark.parametrize(
    "changes",
    [
        {"htm": "GET"},
        {"htu": "http://127.0.0.1:8000/v1/messages"},
        {"ath": None},
        {"ath": "x"},
        {"iat": 1},
        {"iat": int(time.time()) + 86_400},  # of the moment when tests are collected, long before this one runs
        {"header": {"alg": "none"}},
        {"header": {"alg": "HS256"}},
        {"header": {"typ": "JWT"}},
        {"proof": ""},
        {"proof": "x"},
    ],
)
def test_a_wrong_proof_is_refused(call: Call, changes: dict[str, Any]) -> None:
    """RFC 9449 4.3: each of its checks, in front of the relay, too."""
    assert refusal_of(call(**changes)) == ("DPoP", "invalid_dpop_proof")


def test_two_proofs_are_none(live_hub: LiveHub, prover: Prover, token: str) -> None:
    """RFC 9449 4.3: one header."""
    proofs = [prover.proof("POST", live_hub.url + CHAT, token=token) for _ in range(2)]
    answer = requests.post(
        live_hub.url + CHAT,
        json=BODY,
        headers={"Authorization": f"DPoP {token}", "DPoP": ", ".join(proofs)},
        timeout=20,
    )
    assert refusal_of(answer) == ("DPoP", "invalid_dpop_proof")


def test_the_nonce_is_ours(call: Call) -> None:
    """RFC 9449 9: with the nonce that the refusal hands out, the same call is good."""
    refusal = call(nonce="x")
    assert refusal_of(refusal) == ("DPoP", "use_dpop_nonce")
    assert call(nonce=refusal.headers["DPoP-Nonce"]).status_code == 200


def test_the_query_does_not_count(live_hub: LiveHub, prover: Prover, token: str) -> None:
    """RFC 9449 4.2: ``htu`` is the address without its query."""
    proof = prover.proof("GET", f"{live_hub.url}/v1/models", token=token)
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
    assert requests.get(f"{live_hub.url}/v1/models?limit=2", headers=headers, timeout=20).status_code == 200


def test_a_bearer_call_costs_no_proof(live_hub: LiveHub, call: Call, bearer: str) -> None:
    """Who is remembered and proves nothing is relayed without a word to the database about it."""
    assert call(scheme="Bearer", token=bearer, proof="").status_code == 200
    statements: list[str] = []
    event.listen(live_hub.hub.engine, "before_cursor_execute", lambda *about: statements.append(about[2]))

    answer = call(scheme="Bearer", token=bearer, proof="")
    assert (answer.status_code, "DPoP-Nonce" in answer.headers) == (200, False)
    asked = [text for text in statements if not text.startswith("DELETE")]  # the worker sweeps beside it
    assert not [text for text in asked if "used_proof" in text or "FROM token" in text]

"""Faults in the shape of each route, and faults that a request asks for itself."""

import time

import pytest
import requests

from oauth_app.sandbox.config import DUMMY_STRIPE_KEY, Config
from tests.sandbox.emulator import OAUTH, Emulator, chat, running

CHARGE = f"{OAUTH}/app/charge-user-fee"
CHAT = "/v1/chat/completions"
CLAUDE = "/v1/messages"
STRIPE = "/stripe/v1/customers"


@pytest.mark.parametrize(
    ("kind", "path", "status", "type_"),
    [
        ("no_money", CHARGE, 200, "insufficient_balance_error"),
        ("no_money", CHAT, 402, "insufficient_balance_error"),
        ("no_money", CLAUDE, 402, "insufficient_balance_error"),
        ("no_money", STRIPE, 402, "card_error"),
        ("rate_limit", CHARGE, 200, "rate_limit_error"),
        ("rate_limit", CHAT, 429, "requests"),
        ("rate_limit", CLAUDE, 429, "rate_limit_error"),
        ("rate_limit", STRIPE, 429, "invalid_request_error"),
        ("revoked", CHARGE, 401, "oauth_invalid_token_error"),
        ("revoked", CHAT, 401, "oauth_invalid_token_error"),
        ("revoked", CLAUDE, 401, "oauth_invalid_token_error"),
        ("revoked", STRIPE, 401, "invalid_request_error"),
        ("status", STRIPE, 500, "api_error"),
    ],
)
def test_a_refusal_has_the_shape_of_the_route(sandbox: Emulator, kind: str, path: str, status: int, type_: str) -> None:
    """Each family names the same trouble in its own words."""
    answer = _post(sandbox, path, sandbox.token(), {"X-Sandbox-Fault": kind})
    body = answer.json()
    assert (answer.status_code, body["errorType"] if "errorType" in body else body["error"]["type"]) == (status, type_)


def test_a_rate_limit_says_when_to_come_back(sandbox: Emulator, token: str) -> None:
    """Retry-After has the seconds that were asked for."""
    sandbox.fault(CHAT, "rate_limit", seconds=7)
    assert sandbox.post(CHAT, token, chat()).headers["retry-after"] == "7"


def test_a_revoked_token_comes_back(sandbox: Emulator, token: str) -> None:
    """The fault refuses one request; the token itself stays good."""
    sandbox.fault("/v1/", "revoked")
    assert [sandbox.post(CHAT, token, chat()).status_code for _ in range(2)] == [401, 200]


def test_a_hanging_request_is_never_answered(sandbox: Emulator, token: str) -> None:
    """Who waits longer than the bound sees the connection end; who leaves is not waited for."""
    with pytest.raises(requests.ConnectionError):
        _post(sandbox, CHAT, token, {"X-Sandbox-Fault": "hang; seconds=1"})
    with pytest.raises(requests.Timeout):
        _post(sandbox, CHAT, token, {"X-Sandbox-Fault": "hang"}, timeout=0.3)
    assert sandbox.account()["calls"] == 0


@pytest.mark.parametrize(("kind", "status"), [("mirror", 400), ("envelope", 200)])
def test_a_mode_for_one_request(sandbox: Emulator, token: str, kind: str, status: int) -> None:
    """The answer is the usual one, under the HTTP status of another mode."""
    answer = _post(sandbox, CHARGE, token, {"X-Sandbox-Fault": kind})
    assert (answer.status_code, answer.json()["statusCode"]) == (status, 400)


def test_the_mode_changes_at_run_time(sandbox: Emulator, token: str) -> None:
    """The switch works at once, and a reset takes it back."""
    assert sandbox.control("PUT", "http-status", {"mode": "mirror"}).json() == {"mode": "mirror"}
    assert _post(sandbox, CHARGE, token, {}).status_code == 400
    sandbox.control("POST", "reset")
    assert sandbox.control("GET", "http-status").json() == {"mode": "default"}


@pytest.mark.parametrize("mode", ["odd", 5, None])
def test_an_unknown_mode_is_refused(sandbox: Emulator, mode: object) -> None:
    """Only the three modes can be chosen."""
    assert sandbox.control("PUT", "http-status", {"mode": mode}).json()["statusCode"] == 400


def test_a_request_can_ask_for_its_own_fault(sandbox: Emulator, token: str) -> None:
    """The header takes the options of the kind, and strikes nobody else."""
    began = time.monotonic()
    assert _post(sandbox, CHARGE, token, {"X-Sandbox-Fault": "slow; seconds=1"}).json()["statusCode"] == 400
    assert time.monotonic() - began >= 1
    assert _post(sandbox, CHAT, token, {"X-Sandbox-Fault": "status; code=503"}).status_code == 503
    assert sandbox.control("GET", "faults").json() == []


@pytest.mark.parametrize("header", ["flood", "slow; seconds=x", "slow; speed=1", "status; code=99", ";;"])
@pytest.mark.parametrize("path", [CHARGE, CHAT, STRIPE, "/next/v1/oauth"])
def test_a_header_that_makes_no_sense_is_refused(sandbox: Emulator, path: str, header: str) -> None:
    """A test with a slip in its header learns of it at once."""
    answer = _post(sandbox, path, "", {"X-Sandbox-Fault": header})
    assert "X-Sandbox-Fault" in answer.text
    assert 400 in {answer.status_code, answer.json()["statusCode"] if path == CHARGE else 0}


def test_without_permission_the_header_means_nothing() -> None:
    """Faults are off unless they were asked for at the start."""
    with running(Config()) as sandbox:
        answer = _post(sandbox, CHAT, "nobody", {"X-Sandbox-Fault": "status; code=503"})
    assert answer.status_code == 401


def test_no_more_faults_wait_than_make_sense(sandbox: Emulator) -> None:
    """Who never clears the faults is told."""
    fault = {"kind": "html", "match": "/nothing"}
    with requests.Session() as http:
        codes = [http.post(f"{sandbox.url}/_sandbox/faults", json=fault, timeout=10).status_code for _ in range(1001)]
    assert (codes[999], codes[1000]) == (201, 200)


def _post(
    sandbox: Emulator, path: str, token: str, headers: dict[str, str], *, timeout: float = 10
) -> requests.Response:
    credential = DUMMY_STRIPE_KEY if path == STRIPE else token
    return requests.post(
        sandbox.url + path,
        json=chat() if path == CHAT else {},
        headers={"Authorization": f"Bearer {credential}", **headers},
        timeout=timeout,
    )

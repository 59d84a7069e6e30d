"""Faults on demand and the rest of the control interface."""

import time

import pytest
import requests

from oauth_app.sandbox.config import Config
from tests.sandbox.emulator import ALICE, Emulator, chat, running

CHARGE = "/api/v1/user/oauth/app/charge-user-fee"


@pytest.mark.parametrize(("kind", "charges"), [("reset_before", 0), ("reset_after", 1)])
def test_a_dropped_connection_has_no_answer(sandbox: Emulator, token: str, kind: str, charges: int) -> None:
    """The client sees a broken connection, whether or not the charge was made."""
    sandbox.fault(CHARGE, kind)
    with pytest.raises(requests.ConnectionError):
        sandbox.app("charge-user-fee", token, fee="1")
    assert sandbox.account()["charges"] == charges


def test_a_fault_strikes_as_often_as_asked(sandbox: Emulator, token: str) -> None:
    """After its times a fault is over."""
    sandbox.fault(CHARGE, "status", code=503, times=2)
    statuses = [sandbox.app("charge-user-fee", token, fee="1").status_code for _ in range(3)]
    assert statuses == [503, 503, 200]


def test_a_fault_strikes_only_its_path_and_method(sandbox: Emulator, token: str) -> None:
    """Other requests pass."""
    sandbox.fault(CHARGE, "status", method="GET")
    assert sandbox.app("charge-user-fee", token, fee="1").status_code == 200
    assert sandbox.control("DELETE", "faults").status_code == 204
    assert sandbox.control("GET", "faults").json() == []


def test_false_answers(sandbox: Emulator, token: str) -> None:
    """A page, an envelope under HTTP 200, and broken JSON come in place of the answer."""
    for kind in ("html", "envelope_401", "malformed_json"):
        sandbox.fault(CHARGE, kind)
    page, envelope, broken = (sandbox.app("charge-user-fee", token, fee="1") for _ in range(3))
    assert page.headers["content-type"].startswith("text/html")
    assert (envelope.status_code, envelope.json()["errorType"]) == (200, "oauth_invalid_token_error")
    with pytest.raises(requests.JSONDecodeError):
        broken.json()


def test_a_status_has_the_shape_of_the_route(sandbox: Emulator, token: str) -> None:
    """On AI routes an injected status has the vendor's body."""
    sandbox.fault("/v1/", "status", code=529)
    answer = sandbox.post("/v1/chat/completions", token, chat())
    assert (answer.status_code, answer.json()["error"]["type"]) == (529, "server_error")


def test_slow_waits_and_then_answers(sandbox: Emulator, token: str) -> None:
    """A slow request still has its effect and its answer."""
    sandbox.fault(CHARGE, "slow", seconds=1)
    began = time.monotonic()
    assert sandbox.app("charge-user-fee", token, fee="1").json()["statusCode"] == 200
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize("is_stream", [True, False])
def test_a_cut_answer_breaks_in_the_middle(sandbox: Emulator, token: str, is_stream: bool) -> None:  # noqa: FBT001
    """Some bytes arrive and the end does not."""
    sandbox.fault("/v1/", "cut_stream")
    body = chat("[[words=9]]", stream=is_stream)
    received: list[bytes] = []
    with (
        sandbox.post("/v1/chat/completions", token, body, stream=True) as answer,
        pytest.raises(requests.RequestException),
    ):
        received.extend(answer.iter_content(16))
    assert received[0].startswith(b"data: " if is_stream else b"{")


@pytest.mark.parametrize(
    "body",
    [{}, {"kind": "flood"}, {"kind": "slow", "seconds": "1"}, {"kind": "html", "x": 1}, {"kind": "html", "times": 0}],
)
def test_a_fault_that_makes_no_sense_is_refused(sandbox: Emulator, body: dict[str, object]) -> None:
    """A test with a slip in its fault learns of it at once."""
    assert sandbox.control("POST", "faults", body).json()["statusCode"] == 400


def test_accounts_are_made_and_reset(sandbox: Emulator) -> None:
    """A balance can be set for anybody, and a reset goes back to the seed."""
    made = sandbox.control("PUT", "accounts/New@example.com", {"balance": "1.50"}).json()
    sandbox.set_balance("5.00")
    sandbox.control("POST", "reset")
    assert (made["email"], made["balance"]) == ("new@example.com", "1.50")
    assert sandbox.account(ALICE)["balance"] == "3400000.00"
    assert sandbox.control("GET", "accounts/new@example.com").json()["statusCode"] == 404


def test_without_permission_there_is_no_control_interface() -> None:
    """Faults are off unless they were asked for at the start."""
    with running(Config()) as sandbox:
        assert sandbox.control("POST", "reset").status_code == 404

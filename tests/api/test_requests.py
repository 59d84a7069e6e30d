"""What the partner API makes of odd requests, and what its answers have in common."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from oauth_app.hub import Hub
from tests.api.caller import CHARGES, Caller, code_of
from tests.fixtures.hub import Person

GOOD = b'{"amount": 1, "asset": "OMG", "description": "x"}'


def send(caller: Caller, body: bytes, content_type: str = "application/json") -> tuple[int, str]:
    """Post bytes as a charge."""
    headers = {"Authorization": caller.authorization, "Idempotency-Key": "order-1"}
    return code_of(caller.client.post(CHARGES, data=body, content_type=content_type, headers=headers))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b'"x"',
        b"null",
        GOOD + b"x",
        GOOD[:-1] + b', "amount": 9}',
        GOOD[:-1] + b', "metadata": {"a": "1", "a": "2"}}',
        b'{"amount": NaN}',
        b'{"amount": -Infinity}',
        b'{"amount": ' + b"9" * 5_000 + b"}",
        b"\xff\xfe",
        '{"a": "\u00e9"}'.encode("latin-1"),
        b"[" * 60_000,
    ],
    ids=range(15),
)
def test_a_body_means_one_thing(caller: Caller, body: bytes) -> None:
    """What is no JSON object, or could be read in two ways, is refused before anything is looked at."""
    assert send(caller, body) == (400, "invalid_json")


def test_half_a_character_is_refused(caller: Caller) -> None:
    """A lone surrogate can be written in JSON, but kept nowhere."""
    assert send(caller, GOOD.replace(b'"x"', b'"\\ud800"')) == (422, "invalid_request")


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
def test_a_body_says_that_it_is_json(caller: Caller, content_type: str) -> None:
    """Anything else is refused unread."""
    assert send(caller, GOOD, content_type) == (415, "unsupported_media_type")


def test_a_body_is_small(caller: Caller) -> None:
    """More than 64 KB is refused."""
    assert send(caller, b" " * 65_537) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/hub/v1/nothing", (404, "not_found")),
        ("GET", "/hub/v1/", (404, "not_found")),
        ("DELETE", CHARGES, (405, "method_not_allowed")),
        ("PUT", "/hub/v1/me", (405, "method_not_allowed")),
    ],
)
def test_a_wrong_address_is_a_problem_too(
    client: FlaskClient, method: str, path: str, expected: tuple[int, str]
) -> None:
    """What no view answers is told in the same shape."""
    assert code_of(client.open(path, method=method)) == expected


def test_a_problem_has_its_members(client: FlaskClient) -> None:
    """RFC 9457: type, title, status, detail; and ours: code, request_id, errors."""
    answer = client.get("/hub/v1/me", headers={"X-Request-Id": "partner-7"})

    assert answer.get_json().keys() == {"type", "title", "status", "code", "detail", "request_id", "errors"}
    assert answer.get_json()["request_id"] == answer.headers["X-Request-Id"] == "partner-7"


def test_a_defect_says_nothing_of_itself(app: Flask, caller: Caller, hub: Hub, alice: Person) -> None:
    """An error that nobody expected is a 500 problem without its text, which goes to the log."""
    app.view_functions["me.show"] = lambda: hub.vault.open(b"", place=alice.upstream_token, reason="test")
    answer = caller.get("/hub/v1/me")

    assert code_of(answer) == (500, "internal_error")
    assert alice.upstream_token not in answer.text


@pytest.mark.parametrize("path", ["/hub/v1/me", "/hub/v1/nothing", "/hub/v1/openapi.json"])
def test_browsers_of_any_origin_may_read(client: FlaskClient, path: str) -> None:
    """CORS is open, for no cookie counts here; errors can be read, too."""
    answer = client.get(path, headers={"Origin": "https://app.example"})

    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_preflight_needs_no_token(client: FlaskClient) -> None:
    """A browser asks first, without credentials, whether it may send key and token."""
    answer = client.options(CHARGES, headers={"Origin": "https://app.example"})

    assert answer.status_code == 200
    assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"]


def test_a_login_cookie_opens_nothing(client: FlaskClient) -> None:
    """A signed-in browser without a token is nobody here."""
    client.set_cookie("hub_session", "anything")

    assert code_of(client.get("/hub/v1/me")) == (401, "unauthorized")


def test_answers_are_not_kept(caller: Caller) -> None:
    """No cache in between keeps what is somebody's own."""
    assert caller.get("/hub/v1/me").headers["Cache-Control"] == "no-store"

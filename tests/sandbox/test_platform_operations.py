"""What every operation with a credential and a body has in common."""

import pytest
import requests

from oauth_app.sandbox.config import Config
from oauth_app.sandbox.home import OPERATIONS
from tests.sandbox.emulator import Emulator, running

AREAS = (
    *("/api/v1/user/files/", "/api/v1/user/admin/", "/api/v1/openapi/search/"),
    *("/api/v1/ai/azure/", "/api/v1/ai/draw/"),
)
PATHS = [path for method, path, *_ in OPERATIONS if method == "POST" and path.startswith(AREAS)]
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_is_refused(sandbox: Emulator, path: str) -> None:
    """Without a credential, and with a wrong one, the answer is a 401 in the envelope."""
    for headers in ({}, {"Authorization": "Bearer sk-unknown"}, {"Authorization": "Bearer \xff"}):
        answer = requests.post(sandbox.url + path, json={}, headers=headers, timeout=10)
        assert (answer.status_code, answer.json()["statusCode"]) == (401, 401)


@pytest.mark.parametrize("path", PATHS)
def test_a_body_of_another_kind_is_refused(sandbox: Emulator, token: str, path: str) -> None:
    """A body that is no object is a 400 in the envelope."""
    headers = {"Authorization": _admin_key(sandbox, token), "Content-Type": "application/json"}
    for body in (b"[1]", b"{", b'"\xff"', b"[" * 5000):
        answer = requests.post(sandbox.url + path, data=body, headers=headers, timeout=10)
        assert (answer.status_code, answer.json()["statusCode"]) == (200, 400)


def test_a_body_too_large_is_413() -> None:
    """The size limit holds on each of them."""
    with running(Config(faults=True, rate_limits=False, body_limit_bytes=1000)) as sandbox:
        headers = {"Authorization": _admin_key(sandbox, sandbox.token()), "Content-Type": FORM}
        answers = [requests.post(sandbox.url + path, data=b"x" * 2000, headers=headers, timeout=10) for path in PATHS]
    assert {(answer.status_code, answer.json()["statusCode"]) for answer in answers} == {(413, 413)}


def _admin_key(sandbox: Emulator, token: str) -> str:
    return str(sandbox.app("get-user-admin-token", token).json()["data"]["token"])

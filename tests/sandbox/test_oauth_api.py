"""The OAuth API: tokens, balances, charges and the management key."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from oauth_app.sandbox.config import Config, HttpStatus
from tests.sandbox.emulator import ALICE, BOB, OAUTH, Browser, Emulator, running


def test_a_code_becomes_a_token_once(sandbox: Emulator, browser: Browser) -> None:
    """The second exchange of a code is refused."""
    code = browser.approve().partition("code=")[2][:16]
    first, second = sandbox.issue(code).json(), sandbox.issue(code).json()
    assert first["data"]["user_id"] == "888"
    assert re.fullmatch(r"omg-oat-v1-[A-Za-z0-9]{20}", first["data"]["token"])
    assert (second["statusCode"], second["errorType"]) == (400, "oauth_invalid_request_error")


def test_a_wrong_secret_gets_no_token_and_keeps_the_code(sandbox: Emulator, browser: Browser) -> None:
    """A refused client does not use the code up."""
    code = browser.approve().partition("code=")[2][:16]
    refused = sandbox.issue(code, secret="0" * 32)
    assert (refused.status_code, refused.json()["errorType"]) == (200, "oauth_invalid_request_error")
    assert sandbox.issue(code).json()["statusCode"] == 200


def test_a_code_runs_out() -> None:
    """A code past its life is refused."""
    with running(Config(code_lifetime_s=0)) as sandbox:
        code = Browser(sandbox).approve().partition("code=")[2][:16]
        assert sandbox.issue(code).json()["statusCode"] == 400


def test_user_info_and_balance(sandbox: Emulator, token: str) -> None:
    """The two readings have the names and forms that clients expect."""
    assert sandbox.app("query-user-basic-info", token).json()["data"] == {"userId": "888", "userEmail": ALICE}
    balance = {"balance": "3400000.00", "free_balance": "0.00"}
    assert sandbox.app("query-user-balance", token).json()["data"] == balance


def test_a_bad_token_is_refused_with_the_documented_text(sandbox: Emulator) -> None:
    """HTTP status, statusCode, errorType and message are those of the documentation."""
    answer = sandbox.app("query-user-balance", "omg-oat-v1-" + "x" * 20)
    assert (answer.status_code, answer.json()) == (
        401,
        {
            "statusCode": 401,
            "message": "Incorrect OhMyGPT OAuth token provided. Please try to re-authenticate with the OAuth provider.",
            "errorType": "oauth_invalid_token_error",
            "data": None,
        },
    )


def test_a_charge_takes_the_fee(sandbox: Emulator, token: str) -> None:
    """A charge answers with the order, the fee and what is left."""
    data = sandbox.app("charge-user-fee", token, fee="12.5", remark="a book").json()["data"]
    assert (data["fee"], data["balance"]) == ("12.50", "3399987.50")
    assert sandbox.account()["charges"] == 1


def test_a_charge_beyond_the_balance_is_refused(sandbox: Emulator) -> None:
    """Without money nothing is taken, and the literal message says so under HTTP 200."""
    answer = sandbox.app("charge-user-fee", sandbox.token(BOB), fee="0.01")
    assert answer.status_code == 200
    assert (answer.json()["statusCode"], answer.json()["errorType"]) == (402, "insufficient_balance_error")
    assert answer.json()["message"].endswith("in time at https://www.ohmygpt.com/pay .")


def test_parallel_charges_never_overdraw(sandbox: Emulator, token: str) -> None:
    """Of twenty charges at once, as many succeed as the balance pays for."""
    sandbox.set_balance("7.00")
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: sandbox.app("charge-user-fee", token, fee="1").json(), range(20)))
    assert sorted(answer["statusCode"] for answer in answers) == [200] * 7 + [402] * 13
    assert sandbox.account()["balance"] == "0.00"


@pytest.mark.parametrize("fee", ["", "0", "0.00", "-1", "1.005", "1e3", "abc", "\uff19", "1" * 40, "NaN"])
def test_a_fee_that_is_no_amount_is_refused(sandbox: Emulator, token: str, fee: str) -> None:
    """Only positive decimals with two digits at most are fees."""
    assert sandbox.app("charge-user-fee", token, fee=fee).json()["statusCode"] == 400
    assert sandbox.account()["charges"] == 0


@pytest.mark.parametrize("how", [{"json": {"fee": 1.10}}, {"data": {"fee": "1.1"}}, {"files": {"fee": (None, "1.10")}}])
def test_form_multipart_and_json_are_alike(sandbox: Emulator, token: str, how: dict[str, object]) -> None:
    """Every platform operation takes all three encodings."""
    url = f"{sandbox.url}{OAUTH}/app/charge-user-fee"
    answer = requests.post(url, headers={"Authorization": token}, timeout=10, **how)
    assert answer.json()["data"]["fee"] == "1.10"


def test_the_management_key_is_stable_until_rotated(sandbox: Emulator, token: str) -> None:
    """Reading twice gives one key; rotating voids it at once."""
    keys = [sandbox.app("get-user-admin-token", token).json()["data"]["token"] for _ in range(2)]
    rotated = sandbox.app("update-user-admin-token", token).json()["data"]["token"]
    assert keys[0] == keys[1] != rotated
    assert [_admin_balance(sandbox, key).status_code for key in (keys[0], rotated)] == [401, 200]


def test_the_admin_balance_refuses_an_oauth_token(sandbox: Emulator, token: str) -> None:
    """Only a key with admin rights reads the management API."""
    assert _admin_balance(sandbox, token).status_code == 401


def test_revoking_voids_the_tokens(sandbox: Emulator, token: str) -> None:
    """A revoked token is refused like one that never was."""
    assert sandbox.control("POST", "tokens/revoke", {"email": ALICE}).json() == {"revoked": 1}
    assert sandbox.app("query-user-balance", token).json()["errorType"] == "oauth_invalid_token_error"


@pytest.mark.parametrize(
    ("mode", "statuses"),
    [
        (HttpStatus.DEFAULT, [401, 200, 200]),
        (HttpStatus.ENVELOPE, [200, 200, 200]),
        (HttpStatus.MIRROR, [401, 402, 400]),
    ],
)
def test_the_http_status_follows_the_mode(mode: HttpStatus, statuses: list[int]) -> None:
    """A bad token, no money and a bad field show in HTTP as the mode says."""
    with running(Config(http_status=mode, faults=True)) as sandbox:
        poor = sandbox.token(BOB)
        answers = [
            sandbox.app("query-user-balance", "none"),
            sandbox.app("charge-user-fee", poor, fee="1"),
            sandbox.app("charge-user-fee", poor),
        ]
    assert [answer.status_code for answer in answers] == statuses
    assert [answer.json()["statusCode"] for answer in answers] == [401, 402, 400]


def test_model_rates_are_decimal_strings(sandbox: Emulator, token: str) -> None:
    """Each model has its multiplier."""
    headers = {"Authorization": f"Bearer {token}"}
    rates = requests.get(f"{sandbox.url}/api/v1/pay/model-rates", headers=headers, timeout=10).json()["data"]
    assert (rates["gpt-4o"], rates["claude-sonnet-4-6"]) == ("0.40", "1.10")


def _admin_balance(sandbox: Emulator, key: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return requests.post(f"{sandbox.url}/api/v1/user/admin/balance", json={}, headers=headers, timeout=10)

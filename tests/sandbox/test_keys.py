"""The management API for keys, and what a key may do afterwards."""

import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from oauth_app.sandbox.config import Config
from tests.sandbox.emulator import BOB, Emulator, chat, running

CHAT = "/v1/chat/completions"
#: The documented example of a creation, with names this sandbox knows.
TERMS = {
    "remark": "key01",
    "expired_at": "2034-08-17T08:44:47.886Z",
    "max_fee": "3500000",
    "permissions": '["gpt-3.5-turbo"]',
}
FREE = {"expired_at": "2099-01-01T00:00:00Z", "max_fee": "0"}


@pytest.fixture
def admin(sandbox: Emulator, token: str) -> str:
    """Alice's management key."""
    return _admin_key(sandbox, token)


@pytest.mark.parametrize("operation", ["new-api-token", "create-api-token"])
def test_a_key_is_made(sandbox: Emulator, admin: str, operation: str) -> None:
    """Both names of the operation answer the documented request with a key of the documented form."""
    answer = _call(sandbox, admin, operation, **TERMS)
    assert (answer["statusCode"], answer["message"]) == (200, "New api token success")
    assert re.fullmatch(r"sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}", answer["data"])


def test_a_key_is_listed(sandbox: Emulator, admin: str) -> None:
    """A list has the documented members: texts, but for the permissions and two flags."""
    key = _made(sandbox, admin, **TERMS)
    answer = _call(sandbox, admin, "get-api-tokens")
    assert answer["message"] == "Get API keys success, total keys: 2"
    listed = answer["data"][1]
    assert re.fullmatch(r"[0-9-]{10}T[0-9:]{8}\.000Z", listed.pop("created_at"))
    assert listed == {
        "key": key,
        "user_id": "888",
        "remark": "key01",
        "used_at": None,
        "expired_at": "2034-08-17T08:44:47.000Z",
        "used_times": "0",
        "used_fee": "0.00",
        "max_fee": "3500000.00",
        "permissions": ["gpt-3.5-turbo"],
        "is_admin": False,
        "is_disabled": False,
    }


def test_a_key_is_changed(sandbox: Emulator, admin: str) -> None:
    """The documented change answers without data, and a time without an offset is UTC+8."""
    key = _made(sandbox, admin, **TERMS)
    change = {"key": key, "remark": "keyu02", "expired_at": "2034-12-31 23:59:59", "max_fee": "3500000"}
    answer = _call(sandbox, admin, "update-api-token", **change, permissions='["gpt-4o"]', is_disabled="false")
    assert answer == {"statusCode": 200, "message": "Update api token success", "data": None}
    listed = _listed(sandbox, admin, key)
    assert (listed["remark"], listed["expired_at"]) == ("keyu02", "2034-12-31T15:59:59.000Z")
    assert listed["permissions"] == ["gpt-4o"]


def test_a_change_leaves_what_it_does_not_name(sandbox: Emulator, admin: str) -> None:
    """Only the limit and the permissions must be sent."""
    key = _made(sandbox, admin, **TERMS)
    before = _listed(sandbox, admin, key)
    _call(sandbox, admin, "update-api-token", key=key, max_fee="1.5", permissions='["gpt-4o"]')
    changed = {"max_fee": "1.50", "permissions": ["gpt-4o"]}
    assert _listed(sandbox, admin, key) == before | changed


@pytest.mark.parametrize("operation", ["del-api-token", "delete-api-token"])
def test_a_deleted_key_is_void(sandbox: Emulator, admin: str, operation: str) -> None:
    """Both names of the operation void a key at once; a second time it is unknown."""
    key = _made(sandbox, admin, **FREE)
    first, second = (_call(sandbox, admin, operation, key=key) for _ in range(2))
    assert first == {"statusCode": 200, "message": "Delete api key success", "data": None}
    assert (second["statusCode"], second["errorType"]) == (404, "not_found_error")
    assert sandbox.post(CHAT, key, chat()).status_code == 401


def test_other_peoples_keys_are_unknown(sandbox: Emulator, admin: str) -> None:
    """Nobody changes or deletes the key of somebody else."""
    theirs = _made(sandbox, _admin_key(sandbox, sandbox.token(BOB)), **FREE)
    change = {"key": theirs, "max_fee": "0", "permissions": "[]"}
    answers = [_call(sandbox, admin, operation, **change) for operation in ("update-api-token", "del-api-token")]
    assert [answer["statusCode"] for answer in answers] == [404, 404]


def test_a_made_key_has_no_admin_rights(sandbox: Emulator, admin: str) -> None:
    """A key made here cannot make keys, and the refusal shows in HTTP too."""
    headers = {"Authorization": _made(sandbox, admin, **FREE)}
    answer = requests.post(f"{sandbox.url}/api/v1/user/admin/new-api-token", headers=headers, data=FREE, timeout=10)
    assert (answer.status_code, answer.json()["message"]) == (401, "no permission")


@pytest.mark.parametrize(
    "change",
    [
        {"expired_at": ""},
        {"expired_at": "someday"},
        {"expired_at": "0001-01-01T00:00:00"},
        {"max_fee": ""},
        {"max_fee": "-1"},
        {"max_fee": "1e9"},
        {"permissions": '["gpt-of-my-own"]'},
        {"permissions": '{"a": 1}'},
        {"permissions": "[["},
        {"remark": "x" * 2001},
    ],
)
def test_a_bad_creation_is_refused(sandbox: Emulator, admin: str, change: dict[str, str]) -> None:
    """Each field is checked; permissions must be names that the platform knows."""
    assert _call(sandbox, admin, "new-api-token", **TERMS | change)["statusCode"] == 400
    assert len(_call(sandbox, admin, "get-api-tokens")["data"]) == 1


@pytest.mark.parametrize("change", [{"key": ""}, {"max_fee": ""}, {"permissions": ""}, {"is_disabled": "maybe"}])
def test_a_bad_change_is_refused(sandbox: Emulator, admin: str, change: dict[str, str]) -> None:
    """Key, limit and permissions are required, and the flag is a boolean."""
    key = _made(sandbox, admin, **TERMS)
    assert _call(sandbox, admin, "update-api-token", **{"key": key, **TERMS} | change)["statusCode"] == 400


def test_a_call_is_booked_on_its_key(sandbox: Emulator, admin: str) -> None:
    """Fee, number and time of the calls stand at the key, streamed ones included."""
    key = _made(sandbox, admin, **TERMS)
    sandbox.post(CHAT, key, chat(model="gpt-3.5-turbo"))
    sandbox.post(CHAT, key, chat(model="gpt-3.5-turbo", stream=True))
    listed = _listed(sandbox, admin, key)
    assert (listed["used_times"], listed["used_fee"]) == ("2", sandbox.account()["spent_on_calls"])
    assert listed["used_at"]
    assert listed["used_fee"] != "0.00"


def test_a_stream_that_breaks_off_costs_its_key_less(sandbox: Emulator, admin: str) -> None:
    """What was not produced is given back to the key as it is to the balance."""
    key = _made(sandbox, admin, **FREE)
    with sandbox.post(CHAT, key, chat("[[words=5000]]", stream=True), stream=True) as answer:
        next(answer.iter_lines())
    deadline = time.monotonic() + 10
    while sandbox.account()["calls"] == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert _listed(sandbox, admin, key)["used_fee"] == sandbox.account()["spent_on_calls"] != "0.00"


def test_a_key_calls_only_its_models(sandbox: Emulator, admin: str) -> None:
    """A model that the permissions do not name is refused, and costs nothing."""
    key = _made(sandbox, admin, **TERMS)
    answer = sandbox.post(CHAT, key, chat(model="gpt-4o"))
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "no_permission_error")
    assert _listed(sandbox, admin, key)["used_times"] == "0"


def test_a_key_stops_at_its_limit(sandbox: Emulator, admin: str) -> None:
    """Of ten calls at once a key pays as many as its limit allows, whatever the balance is."""
    probe = _made(sandbox, admin, **FREE)
    sandbox.post(CHAT, probe, chat())
    price = float(_listed(sandbox, admin, probe)["used_fee"])
    key = _made(sandbox, admin, **FREE | {"max_fee": f"{price * 3.5:.2f}"})
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: sandbox.post(CHAT, key, chat()).status_code, range(10)))
    assert sorted(answers) == [200] * 3 + [402] * 7
    assert float(_listed(sandbox, admin, key)["used_fee"]) == pytest.approx(price * 3)


@pytest.mark.parametrize("change", [{"is_disabled": "true"}, {"expired_at": "2001-01-01 00:00:00"}])
def test_a_key_out_of_use_is_refused(sandbox: Emulator, admin: str, change: dict[str, str]) -> None:
    """Disabled and expired keys are like none, but they are still listed."""
    key = _made(sandbox, admin, **FREE)
    _call(sandbox, admin, "update-api-token", key=key, max_fee="0", permissions='["gpt-4o-mini"]', **change)
    assert sandbox.post(CHAT, key, chat()).status_code == 401
    assert _listed(sandbox, admin, key)["key"] == key


def test_files_need_their_permission(sandbox: Emulator, admin: str) -> None:
    """A key without file-v1 is refused on file storage."""
    keys = [_made(sandbox, admin, **FREE, permissions=names) for names in ('["gpt-4o"]', '["file-v1"]')]
    answers = [sandbox.post("/api/v1/user/files/query", key, {}) for key in keys]
    assert [answer.status_code for answer in answers] == [401, 200]
    assert answers[0].json()["errorType"] == "no_permission_error"


@pytest.mark.parametrize(
    ("permission", "path", "body"),
    [
        ("serper-v1", "/api/v1/openapi/search/serper/v1", {"q": "a"}),
        ("azure-tts", "/api/v1/ai/azure/tts", {"voiceShortName": "en-US-GuyNeural", "text": "a"}),
        ("flux-schnell", "/api/v1/ai/draw/flux/schnell", {"model": "flux-schnell", "prompt": "a"}),
    ],
)
def test_services_are_booked_on_the_key(
    sandbox: Emulator, admin: str, permission: str, path: str, body: dict[str, str]
) -> None:
    """What is no model needs its permission, and is booked on the key like a model."""
    without, with_it = (_made(sandbox, admin, **FREE, permissions=f'["{name}"]') for name in ("gpt-4o", permission))
    refused = sandbox.post(path, without, body)
    assert (refused.status_code, refused.json()["errorType"]) == (401, "no_permission_error")
    assert sandbox.post(path, with_it, body).status_code == 200
    assert _listed(sandbox, admin, with_it)["used_fee"] == sandbox.account()["spent_on_calls"]


def test_the_balance_has_the_documented_form(sandbox: Emulator, admin: str) -> None:
    """Both balances are decimal strings, and the message is the documented one."""
    data = {"balance": "3400000.00", "free_balance": "0.00"}
    assert _call(sandbox, admin, "balance") == {"statusCode": 200, "message": "get user balance success", "data": data}


def test_no_permissions_named_means_all(sandbox: Emulator, admin: str) -> None:
    """A key made without permissions lists all of them; an empty list permits nothing."""
    everything, nothing = _made(sandbox, admin, **FREE), _made(sandbox, admin, **FREE, permissions="[]")
    assert {"gpt-4o", "file-v1", "midjourney"} <= set(_listed(sandbox, admin, everything)["permissions"])
    assert sandbox.post(CHAT, nothing, chat()).status_code == 401


def test_an_account_has_at_most_5000_keys(tmp_path: Path) -> None:
    """The management key counts; the last key that fits is made, the next is refused."""
    database = str(tmp_path / "sandbox.db")
    with running(Config(faults=True, database=database)) as sandbox:
        admin = _admin_key(sandbox, sandbox.token())
        insert = "INSERT INTO api_key (key, account_id, created_at_s, expires_at_s) VALUES (?, 888, 0, 0)"
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.executemany(insert, [(f"sk-{number}",) for number in range(4998)])
        answers = [_call(sandbox, admin, "new-api-token", **FREE) for _ in range(2)]
    assert [answer["statusCode"] for answer in answers] == [200, 400]


def test_a_list_too_often_is_a_429() -> None:
    """The second list within a second is refused in the envelope."""
    with running(Config(faults=True)) as sandbox:
        admin = _admin_key(sandbox, sandbox.token())
        first, second = (_call(sandbox, admin, "get-api-tokens") for _ in range(2))
        made = [_call(sandbox, admin, "new-api-token", **FREE)["statusCode"] for _ in range(11)]
    assert (first["statusCode"], second["statusCode"], second["errorType"]) == (200, 429, "rate_limit_error")
    assert made == [200] * 10 + [429]


def _admin_key(sandbox: Emulator, token: str) -> str:
    return str(sandbox.app("get-user-admin-token", token).json()["data"]["token"])


def _call(sandbox: Emulator, admin: str, operation: str, /, **fields: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {admin}"}
    url = f"{sandbox.url}/api/v1/user/admin/{operation}"
    return dict(requests.post(url, data=fields, headers=headers, timeout=10).json())


def _made(sandbox: Emulator, admin: str, **terms: str) -> str:
    return str(_call(sandbox, admin, "new-api-token", **terms)["data"])


def _listed(sandbox: Emulator, admin: str, key: str) -> dict[str, Any]:
    return next(listed for listed in _call(sandbox, admin, "get-api-tokens")["data"] if listed["key"] == key)

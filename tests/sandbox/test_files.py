"""File storage: what is uploaded, who may read it, and how long it stays."""

import re
from typing import Any

import pytest
import requests

from oauth_app.sandbox.config import Config
from tests.sandbox.emulator import BOB, Emulator, running

FILES = "/api/v1/user/files"
TEXT = b"0123456789"


def test_an_upload_answers_with_a_nanoid(sandbox: Emulator, token: str) -> None:
    """The documented request gets the documented answer, with a capital ID."""
    form = {"filename": "GdIDB9HakAAiVFK.jpg", "purpose": "0", "is_public": "true", "tags": ["t1", "t2"]}
    answer = _upload(sandbox, token, form)
    file_id = answer["data"]["fileUniqueID"]
    assert re.fullmatch(r"[\w-]{21}", file_id)
    assert answer == {"statusCode": 200, "message": "File Upload Success", "data": {"fileUniqueID": file_id}}


def test_a_public_file_needs_no_credential(sandbox: Emulator, token: str) -> None:
    """Anyone reads the bytes under the type that the name stands for, and nothing in them runs."""
    answer = _get(sandbox, "pub", _stored(sandbox, token, filename="a.html", is_public="true"))
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, TEXT, "text/html")
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


def test_a_private_file_is_the_owners(sandbox: Emulator, token: str) -> None:
    """Its owner reads it; to everybody else it does not exist."""
    file_id = _stored(sandbox, token)
    answers = [_get(sandbox, "pri", file_id, credential) for credential in (token, sandbox.token(BOB), "")]
    answers.append(_get(sandbox, "pub", file_id))
    assert [answer.status_code for answer in answers] == [200, 404, 401, 404]
    assert answers[1].json()["errorType"] == "file_not_found_error"


@pytest.mark.parametrize(
    ("asked", "status", "content", "content_range"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=4-2", 200, TEXT, None),
        ("bytes=0-1,3-4", 200, TEXT, None),
        ("lines=1-2", 200, TEXT, None),
    ],
)
def test_a_range_gets_its_bytes(
    sandbox: Emulator, token: str, asked: str, status: int, content: bytes, content_range: str | None
) -> None:
    """A range is answered with 206, one behind the end with 416, and what is no range with the whole."""
    answer = _get(sandbox, "pri", _stored(sandbox, token), token, Range=asked)
    assert (answer.status_code, answer.content) == (status, content)
    assert answer.headers.get("content-range") == content_range


def test_a_tag_tells_what_is_unchanged(sandbox: Emulator, token: str) -> None:
    """A client that has the file gets 304, and a range of another version gets the whole file."""
    file_id = _stored(sandbox, token)
    tag = _get(sandbox, "pri", file_id, token).headers["etag"]
    known = _get(sandbox, "pri", file_id, token, **{"If-None-Match": f'"x", {tag}'})
    other = _get(sandbox, "pri", file_id, token, **{"If-Range": '"x"', "Range": "bytes=0-1"})
    assert (known.status_code, known.content, other.status_code) == (304, b"", 200)


def test_head_has_the_headers_only(sandbox: Emulator, token: str) -> None:
    """HEAD tells length and type without the bytes."""
    url = f"{sandbox.url}/api/v1/f/pub/{_stored(sandbox, token, filename='a.png', is_public='true')}"
    answer = requests.head(url, timeout=10)
    assert (answer.headers["content-length"], answer.headers["content-type"]) == ("10", "image/png")


def test_an_update_changes_what_it_names(sandbox: Emulator, token: str) -> None:
    """The documented JSON changes one row; fields that are absent stay."""
    file_id = _stored(sandbox, token, tags="t1", expires_at="2099-01-01T00:00:00Z")
    body = {"fileUniqueId": file_id, "filename": "new.txt", "expires_at": "2098-12-31T23:59:59"}
    assert _call(sandbox, token, "update", body) == {
        "statusCode": 200,
        "message": "File info updated successfully",
        "data": {"affectedRows": 1},
    }
    listed = _call(sandbox, token, "query", {})["data"]["files"][0]
    assert (listed["filename"], listed["tags"], listed["expires_at"]) == ("new.txt", ["t1"], "2098-12-31T15:59:59.000Z")


def test_an_update_replaces_tags_and_lifts_the_expiry(sandbox: Emulator, token: str) -> None:
    """Tags are replaced as a whole, and unset_expires_at makes the file stay."""
    file_id = _stored(sandbox, token, tags="t1", expires_at="2099-01-01 00:00:00")
    change = {"tags": ["t2"], "unset_expires_at": True, "is_public": True, "purpose": "2"}
    _call(sandbox, token, "update", {"fileUniqueId": file_id, "filename": "a", **change})
    listed = _call(sandbox, token, "query", {})["data"]["files"][0]
    assert (listed["tags"], listed["expires_at"], listed["is_public"], listed["purpose"]) == (["t2"], None, True, 2)


@pytest.mark.parametrize("operation", ["update", "delete"])
def test_what_is_not_yours_changes_no_row(sandbox: Emulator, token: str, operation: str) -> None:
    """An unknown identifier and another's file are alike: no row is affected."""
    for file_id in ("ENthMCy_5zr5zN3GRJseM", _stored(sandbox, sandbox.token(BOB))):
        answer = _call(sandbox, token, operation, {"fileUniqueId": file_id, "filename": "a"})
        assert (answer["statusCode"], answer["data"]) == (200, {"affectedRows": 0})


def test_a_deleted_file_is_gone(sandbox: Emulator, token: str) -> None:
    """Deleting affects one row, once."""
    file_id = _stored(sandbox, token)
    rows = [_call(sandbox, token, "delete", {"fileUniqueId": file_id})["data"]["affectedRows"] for _ in range(2)]
    assert (rows, _get(sandbox, "pri", file_id, token).status_code) == ([1, 0], 404)


def test_an_expired_file_is_gone(sandbox: Emulator, token: str) -> None:
    """Past its expiry a file is neither sent nor listed."""
    file_id = _stored(sandbox, token, expires_at="2001-01-01T00:00:00Z", is_public="true")
    assert _get(sandbox, "pub", file_id).status_code == 404
    assert _call(sandbox, token, "query", {})["data"] == {"total": 0, "files": []}


def test_a_query_pages_and_filters(sandbox: Emulator, token: str) -> None:
    """Pages come newest first; purpose and tags narrow them, and other people's files never show."""
    _stored(sandbox, sandbox.token(BOB))
    stored = [_stored(sandbox, token, purpose=str(number % 2), tags=["all", f"n{number}"]) for number in range(5)]
    page = _call(sandbox, token, "query", {"page": 2, "pageSize": 2})["data"]
    assert (page["total"], [file["fileUniqueId"] for file in page["files"]]) == (5, [stored[2], stored[1]])
    assert _call(sandbox, token, "query", {"purpose": 1})["data"]["total"] == 2
    assert _call(sandbox, token, "query", {"tags": ["all", "n3"]})["data"]["total"] == 1


def test_metadata_comes_in_the_asked_order(sandbox: Emulator, token: str) -> None:
    """Own files are described as a list describes them; unknown ones and those of others are left out."""
    ids = [_stored(sandbox, token), _stored(sandbox, sandbox.token(BOB)), _stored(sandbox, token), "unknown"]
    described = _call(sandbox, token, "metadata", {"fileUniqueIds": ids})["data"]
    assert [file["fileUniqueId"] for file in described] == [ids[0], ids[2]]
    assert described == _call(sandbox, token, "query", {})["data"]["files"][::-1]


@pytest.mark.parametrize(
    "change",
    [
        {"filename": ""},
        {"filename": "x" * 256},
        {"purpose": ""},
        {"purpose": "6"},
        {"purpose": "one"},
        {"is_public": "perhaps"},
        {"tags": '["a", 1, {}]'},
        {"tags": "[broken"},
        {"tags": "x" * 65},
        {"expires_at": "tomorrow"},
        {"expires_at": "9999-12-31T23:59:59-12:00"},
    ],
)
def test_a_bad_upload_is_refused(sandbox: Emulator, token: str, change: dict[str, str]) -> None:
    """Each field is checked, and nothing is stored."""
    assert _upload(sandbox, token, {"filename": "a", "purpose": "0"} | change)["statusCode"] == 400
    assert _call(sandbox, token, "query", {})["data"]["total"] == 0


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("upload", {"file": "text", "filename": "a", "purpose": "0"}),
        ("update", {"fileUniqueID": "ENthMCy_5zr5zN3GRJseM", "filename": "a"}),
        ("update", {"fileUniqueId": "ENthMCy_5zr5zN3GRJseM"}),
        ("update", {"fileUniqueId": ["x"], "filename": "a"}),
        ("delete", {}),
        ("metadata", {}),
        ("metadata", {"fileUniqueIds": ["x"] * 101}),
        ("query", {"page": 0}),
        ("query", {"pageSize": "1e3"}),
        ("query", {"tags": {"a": 1}}),
    ],
)
def test_a_bad_call_is_a_400(sandbox: Emulator, token: str, operation: str, body: dict[str, Any]) -> None:
    """Missing fields and wrong types are refused; the upload's spelling of the identifier is no field here."""
    assert _call(sandbox, token, operation, body)["statusCode"] == 400


def test_storage_is_bounded() -> None:
    """A file beyond the limit and one that no longer fits are refused; deleting makes room."""
    with running(Config(faults=True, file_limit_bytes=10, storage_limit_bytes=8192)) as sandbox:
        token = sandbox.token()
        form = {"filename": "a", "purpose": "0"}
        large = _upload(sandbox, token, form, b"x" * 11)
        ids = [_stored(sandbox, token), _stored(sandbox, token)]
        full = _upload(sandbox, token, form)
        _call(sandbox, token, "delete", {"fileUniqueId": ids[0]})
        fits = _upload(sandbox, token, form)
    assert [answer["statusCode"] for answer in (large, full, fits)] == [413, 413, 200]


def _upload(sandbox: Emulator, token: str, form: dict[str, Any], content: bytes = TEXT) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    files = {"file": ("any.bin", content, "application/x-any")}
    url = f"{sandbox.url}{FILES}/upload"
    return dict(requests.post(url, data=form, files=files, headers=headers, timeout=10).json())


def _stored(sandbox: Emulator, token: str, **form: object) -> str:
    answer = _upload(sandbox, token, {"filename": "a.txt", "purpose": "0"} | form)
    return str(answer["data"]["fileUniqueID"])


def _call(sandbox: Emulator, token: str, operation: str, body: dict[str, Any]) -> dict[str, Any]:
    return dict(sandbox.post(f"{FILES}/{operation}", token, body).json())


def _get(sandbox: Emulator, kind: str, file_id: str, token: str = "", **headers: str) -> requests.Response:
    given = headers | ({"Authorization": f"Bearer {token}"} if token else {})
    return requests.get(f"{sandbox.url}/api/v1/f/{kind}/{file_id}", headers=given, timeout=10)

"""The provider's whole catalogue, called through the hub with a user's hub token."""

import io
import wave
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.fixtures.grants import grant
from tests.fixtures.hub import Sandbox, make_partner, make_person
from tests.fixtures.live import LiveHub

HELLO = [{"role": "user", "content": "Hello"}]
CHAT = {"model": "gpt-4o-mini", "messages": HELLO}
CLAUDE = {"model": "claude-sonnet-4-6", "max_tokens": 50, "messages": HELLO}
SEA = {"prompt": "a lighthouse"}
FLUX = ("schnell", "dev", "pro", "pro-11", "pro-ultra-11")
MJ = "/api/v1/ai/draw/mj"
GATEWAY = "/api/v1/ai/openai"
FILES = "/api/v1/user/files"

#: Method, path, and what is sent.
PASSED: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/v1/chat/completions", {"json": CHAT}),
    ("POST", "/v1/chat/completions", {"json": CHAT | {"stream": True}}),
    ("POST", "/v1/completions", {"json": {"model": "gpt-3.5-turbo-instruct", "prompt": "Hello"}}),
    ("POST", "/v1/embeddings", {"json": {"model": "text-embedding-3-small", "input": "Hello"}}),
    ("POST", "/v1/moderations", {"json": {"input": "Hello"}}),
    ("GET", "/v1/models", {}),
    ("POST", "/v1/audio/speech", {"json": {"model": "tts-1", "input": "Hi", "voice": "alloy"}}),
    ("POST", "/v1/responses", {"json": {"model": "gpt-4o-mini", "input": "Hello"}}),
    ("POST", "/v1/conversations", {"json": {}}),
    ("POST", "/v1/images/generations", {"json": {"model": "dall-e-2", "prompt": "sea", "size": "256x256"}}),
    ("POST", "/v1/messages", {"json": CLAUDE}),
    ("POST", "/v1/messages", {"json": CLAUDE | {"stream": True}}),
    ("POST", "/v1/messages/count_tokens", {"json": {key: CLAUDE[key] for key in ("model", "messages")}}),
    (
        "POST",
        "/v1/complete",
        {"json": {"model": "claude-sonnet-4-6", "prompt": "\n\nHuman: Hi\n\nAssistant:", "max_tokens_to_sample": 9}},
    ),
    ("POST", f"{GATEWAY}/cc-omg/v1/messages", {"json": CLAUDE}),
    ("POST", f"{GATEWAY}/cc-omg/v1/chat/completions", {"json": CHAT}),
    ("GET", f"{GATEWAY}/cc-omg/models", {}),
    ("POST", f"{GATEWAY}/codex-omg/v1/responses", {"json": {"model": "gpt-4o-mini", "input": "Hello"}}),
    *(("POST", f"/api/v1/ai/draw/flux/{kind}", {"data": SEA}) for kind in FLUX),
    ("POST", "/api/v1/ai/draw/nd/imagine", {"json": SEA}),
    ("POST", f"{MJ}/imagine", {"json": SEA | {"model": "midjourney"}}),
    ("POST", f"{MJ}/query-mj-tasks?page=1&pageSize=12", {"data": {"model": "midjourney"}}),
    ("GET", "/api/v1/openapi/search/google-search/v1?q=sea", {}),
    ("POST", "/api/v1/openapi/search/serper/v1", {"data": {"q": "sea"}}),
    ("POST", "/api/v1/ai/azure/tts", {"json": {"voiceShortName": "en-US-JennyNeural", "text": "Hello"}}),
    ("POST", "/api/v1/ai/azure/voices", {"json": {}}),
    ("POST", f"{FILES}/query", {"json": {"page": 1, "pageSize": 10}}),
    ("GET", "/api/v1/pay/model-rates", {}),
]

#: what is kept for the hub itself: a partner must not reach around it.
KEPT = [
    "/api/v1/user/oauth/app/query-user-balance",
    "/api/v1/user/oauth/app/charge-user-fee",
    "/api/v1/user/oauth/app/create-stripe-checkout-order",
    "/api/v1/user/oauth/app/get-user-admin-token",
    "/api/v1/user/oauth/issue-token",
    "/api/v1/user/admin/new-api-token",
    "/api/v1/user/admin/balance",
    "/api/v1/user/balance",
    "/api/v1/pay/anything",
]


class Caller:
    """A partner's program, with the hub token of a user who has money."""

    def __init__(self, live: LiveHub, token: str) -> None:
        self._url = live.url
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:  # noqa: ANN401 - passed on
        """Call the hub."""
        return self.http.request(method, self._url + path, timeout=30, **options)


@pytest.fixture(scope="module")
def caller(module_hub: LiveHub, sandbox_process: Sandbox) -> Iterator[Caller]:
    """Let alice allow a shop to use AI models."""
    hub = module_hub.hub
    alice = make_person(hub, sandbox_process, "alice@example.com")
    caller = Caller(module_hub, grant(hub.engine, alice.user_id, make_partner(hub.engine).client_id))
    yield caller
    caller.http.close()


@pytest.mark.parametrize(
    ("method", "path", "sent"), PASSED, ids=[f"{path} {number}" for number, (_, path, _) in enumerate(PASSED)]
)
def test_the_catalogue_passes(caller: Caller, method: str, path: str, sent: dict[str, Any]) -> None:
    """Each operation of the provider works through the hub, by the same path."""
    answer = caller.call(method, path, **sent)
    assert answer.status_code == 200, answer.text
    if answer.headers["Content-Type"].startswith("application/json") and path.startswith("/api/v1/"):
        assert answer.json().get("statusCode", 200) == 200, answer.text


@pytest.mark.parametrize("path", KEPT)
def test_what_is_the_hubs_own_does_not_pass(caller: Caller, path: str) -> None:
    """Money, keys and tokens of the user are reached through the hub's own API or not at all."""
    answer = caller.call("POST", path, json={})
    assert (answer.status_code, answer.json()["statusCode"]) == (404, 404)


def test_a_file_goes_up_and_comes_down(caller: Caller) -> None:
    """Upload, private and public download, a range, and the deletion, with bytes of every value."""
    content = bytes(range(256)) * 400
    sent = {"filename": "a.bin", "purpose": "0", "is_public": "true"}
    uploaded = caller.call("POST", f"{FILES}/upload", data=sent, files={"file": ("a.bin", content)}).json()
    name = uploaded["data"]["fileUniqueID"]
    assert caller.call("GET", f"/api/v1/f/pri/{name}").content == content
    assert caller.call("GET", f"/api/v1/f/pub/{name}", headers={"Authorization": ""}).content == content
    part = caller.call("GET", f"/api/v1/f/pub/{name}", headers={"Range": "bytes=256-511"})
    assert (part.status_code, part.content) == (206, content[256:512])
    deleted = caller.call("POST", f"{FILES}/delete", json={"fileUniqueId": name}).json()
    assert deleted["data"]["affectedRows"] == 1


def test_sound_is_written_down(caller: Caller) -> None:
    """A multipart upload to the transcription route passes as it is."""
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\0" * 8000)
    files = {"file": ("a.wav", sound.getvalue(), "audio/wav")}
    answer = caller.call("POST", "/v1/audio/transcriptions", data={"model": "whisper-1"}, files=files)
    assert answer.status_code == 200, answer.text
    assert "text" in answer.json()


def test_a_response_is_kept(caller: Caller) -> None:
    """What was stored is read, and deleted, through the hub."""
    made = caller.call("POST", "/v1/responses", json={"model": "gpt-4o-mini", "input": "Hello"}).json()
    assert caller.call("GET", f"/v1/responses/{made['id']}").json()["id"] == made["id"]
    assert caller.call("DELETE", f"/v1/responses/{made['id']}").json()["deleted"]

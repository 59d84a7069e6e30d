"""ND's pictures, in OpenAI's shape."""

import base64

import pytest

from tests.sandbox.emulator import BOB, Emulator
from tests.sandbox.pictures import load, size_of

ND = "/api/v1/ai/draw/nd/imagine"
CALL = {"prompt": "a fox", "negative_prompt": "rain", "model": "nd-imagine-v3", "size": "1024x1024"}


def test_the_observed_call_draws_a_picture(sandbox: Emulator, token: str) -> None:
    """The answer has no envelope: data[0].url is where the picture stands."""
    body = sandbox.post(ND, token, CALL).json()
    assert body.keys() == {"created", "data"}
    assert size_of(load(body["data"][0]["url"])) == (1024, 1024)
    assert sandbox.account()["balance"] == "3395000.00"


def test_base64_is_the_same_picture(sandbox: Emulator, token: str) -> None:
    """With b64_json the picture is in the answer itself."""
    url = sandbox.post(ND, token, CALL | {"size": "640x384"}).json()["data"][0]["url"]
    (item,) = sandbox.post(ND, token, CALL | {"size": "640x384", "response_format": "b64_json"}).json()["data"]
    assert base64.b64decode(item["b64_json"]) == load(url)
    assert size_of(load(url)) == (640, 384)


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": None},
        {"prompt": {}},
        {"prompt": "x" * 6001},
        {"prompt": "[[fail]]"},
        {"negative_prompt": [1]},
        {"model": "nd-imagine-v2"},
        {"size": "big"},
        {"size": "63x64"},
        {"size": "9999x9999"},
        {"response_format": "png"},
    ],
)
def test_a_bad_call_is_refused_and_free(sandbox: Emulator, token: str, change: dict[str, object]) -> None:
    """Refusals come in the platform's envelope."""
    assert sandbox.post(ND, token, CALL | change).json()["statusCode"] == 400
    assert sandbox.account()["balance"] == "3400000.00"


def test_money_and_credentials_are_asked_for(sandbox: Emulator) -> None:
    """An empty balance is 402, an unknown token 401."""
    statuses = [sandbox.post(ND, bearer, CALL).json()["statusCode"] for bearer in (sandbox.token(BOB), "sk-x")]
    assert statuses == [402, 401]

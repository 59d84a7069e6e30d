"""Azure's voices."""

import io
import wave
from typing import Any

import pytest
import requests

from tests.sandbox.emulator import BOB, Emulator

TTS = "/api/v1/ai/azure/tts"
CALL = {"voiceShortName": "zh-CN-XiaoxiaoNeural", "text": "one two three four", "rate": 1, "pitch": 1}


def test_a_text_becomes_a_sound(sandbox: Emulator, token: str) -> None:
    """The answer is a WAV file that says it is one, the same for the same call."""
    first, second = (sandbox.post(TTS, token, CALL) for _ in range(2))
    assert (first.headers["content-type"], first.content) == ("audio/wav", second.content)
    assert _frames(first) > 0


def test_rate_and_pitch_are_heard(sandbox: Emulator, token: str) -> None:
    """Twice the rate is half as long, half the rate twice; another pitch is another tone."""
    usual, fast, slow, high = (
        sandbox.post(TTS, token, CALL | change) for change in ({}, {"rate": 2}, {"rate": 0.5}, {"pitch": 1.5})
    )
    assert _frames(fast) * 2 == pytest.approx(_frames(usual), abs=1)
    assert _frames(slow) == _frames(usual) * 2
    assert high.content != usual.content


def test_speech_is_paid_by_the_character(sandbox: Emulator, token: str) -> None:
    """Eighteen characters cost eighteen times 4.40 units."""
    sandbox.post(TTS, token, CALL)
    assert sandbox.account()["spent_on_calls"] == "79.20"


def test_speech_without_money_is_a_402(sandbox: Emulator) -> None:
    """The platform's envelope says that there is too little."""
    assert sandbox.post(TTS, sandbox.token(BOB), CALL).json()["errorType"] == "insufficient_balance_error"


@pytest.mark.parametrize(
    "change",
    [
        {"text": ""},
        {"text": None},
        {"text": ["a"]},
        {"text": "x" * 2001},
        {"voiceShortName": "xx-XX-Nobody"},
        {"voiceShortName": 3},
        {"rate": 0.4},
        {"rate": "fast"},
        {"rate": [1]},
        {"pitch": 2.01},
    ],
)
def test_a_bad_call_is_refused_and_free(sandbox: Emulator, token: str, change: dict[str, Any]) -> None:
    """Each field is checked before money is taken."""
    assert sandbox.post(TTS, token, CALL | change).json()["statusCode"] == 400
    assert sandbox.account()["calls"] == 0


def test_the_voices_are_listed(sandbox: Emulator, token: str) -> None:
    """Each voice of the list speaks; the list is free."""
    url = "/api/v1/ai/azure/voices"
    names = [voice["ShortName"] for voice in sandbox.post(url, token, {}).json()["data"]]
    answers = [sandbox.post(TTS, token, CALL | {"voiceShortName": name}) for name in names]
    assert "zh-CN-XiaoxiaoNeural" in names
    assert {answer.status_code for answer in answers} == {200}
    assert sandbox.account()["calls"] == len(names)


@pytest.mark.parametrize("operation", ["tts", "voices"])
def test_a_stranger_is_refused(sandbox: Emulator, operation: str) -> None:
    """Without a credential there is neither a sound nor a list."""
    assert requests.post(f"{sandbox.url}/api/v1/ai/azure/{operation}", json=CALL, timeout=10).status_code == 401


def _frames(answer: requests.Response) -> int:
    with wave.open(io.BytesIO(answer.content)) as sound:
        return sound.getnframes()

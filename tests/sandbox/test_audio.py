"""Speech, transcriptions and translations, spoken to directly and by the openai package."""

import base64
import io
import json
import wave
from collections.abc import Iterator

import openai
import pytest
import requests

from oauth_app.sandbox.config import Config
from tests.sandbox.emulator import BOB, Emulator, running

SPEECH = "/v1/audio/speech"
CALL = {"model": "tts-1", "voice": "alloy", "input": "two words"}


@pytest.fixture
def client(sandbox: Emulator, token: str) -> Iterator[openai.OpenAI]:
    """The vendor's own client, with the token of Alice."""
    with openai.OpenAI(api_key=token, base_url=f"{sandbox.url}/v1", max_retries=0) as made:
        yield made


def test_speech_is_sound(client: openai.OpenAI) -> None:
    """A WAV file of a twentieth of a second a word, and PCM without the file around it."""
    answer = client.audio.speech.create(**CALL, response_format="wav")
    samples = client.audio.speech.create(**CALL, response_format="pcm").content
    with wave.open(io.BytesIO(answer.content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert file.getnframes() == 2400
        assert file.readframes(file.getnframes()) == samples
    assert answer.response.headers["content-type"] == "audio/wav"


def test_what_cannot_be_encoded_says_what_it_is(client: openai.OpenAI) -> None:
    """Whoever asks for MP3 gets a WAV file that is called one."""
    answer = client.audio.speech.create(**CALL, response_format="mp3")
    assert (answer.response.headers["content-type"], answer.content[:4]) == ("audio/wav", b"RIFF")


def test_voices_differ(client: openai.OpenAI) -> None:
    """Equal texts sound equal, and other voices have another pitch."""
    sounds = [client.audio.speech.create(**CALL | {"voice": voice}).content for voice in ("alloy", "alloy", "echo")]
    assert sounds[0] == sounds[1] != sounds[2]


def test_speech_can_be_streamed(sandbox: Emulator, token: str, client: openai.OpenAI) -> None:
    """The pieces add up to the file, and the usage comes last."""
    call = CALL | {"model": "gpt-4o-mini-tts", "input": "word " * 30}
    answer = sandbox.post(SPEECH, token, call | {"stream_format": "sse"})
    events = [json.loads(line[6:]) for line in answer.text.split("\n\n") if line]
    assert b"".join(base64.b64decode(event["audio"]) for event in events[:-1]) == (
        client.audio.speech.create(**call).content
    )
    assert (events[-1]["type"], events[-1]["usage"]["input_tokens"]) == ("speech.audio.done", 38)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"input": ""}, 400),
        ({"input": "x" * 5000}, 400),
        ({"voice": 3}, 400),
        ({"voice": {"id": 3}}, 400),
        ({"response_format": "midi"}, 400),
        ({"response_format": ["wav"]}, 400),
        ({"stream_format": "sse"}, 400),
        ({"model": "gpt-4o"}, 400),
        ({"model": "tts-9"}, 404),
    ],
)
def test_bad_speech_is_refused_and_free(sandbox: Emulator, token: str, change: dict[str, object], status: int) -> None:
    """Wrong fields are refused in OpenAI's shape."""
    answer = sandbox.post(SPEECH, token, CALL | change)
    assert (answer.status_code, answer.json()["error"]["type"]) == (status, "invalid_request_error")
    assert sandbox.account()["calls"] == 0


def test_speech_is_paid_by_the_character(sandbox: Emulator, token: str) -> None:
    """Twice the text is twice the price; without money there is none."""
    sandbox.post(SPEECH, token, CALL | {"input": "x" * 1000})
    assert sandbox.account()["spent_on_calls"] == "750.00"
    assert sandbox.post(SPEECH, sandbox.token(BOB), CALL).status_code == 402


def test_a_recording_becomes_text(client: openai.OpenAI) -> None:
    """The text names the file; the usage is the begun seconds of the WAV file."""
    sound = client.audio.speech.create(**CALL | {"input": "word " * 25}).content
    answer = client.audio.transcriptions.create(model="whisper-1", file=("a.wav", sound))
    assert f"“a.wav” has {len(sound)} bytes" in answer.text
    assert (answer.usage.type, answer.usage.seconds) == ("duration", 2)


def test_every_format_of_a_transcript(client: openai.OpenAI) -> None:
    """Subtitles carry times; verbose_json carries segments, and words when they are asked for."""
    file = ("a.mp3", b"\x00" * 32_000)
    made = {
        kind: client.audio.transcriptions.create(model="whisper-1", file=file, response_format=kind)
        for kind in ("text", "srt", "vtt")
    }
    verbose = client.audio.transcriptions.create(
        model="whisper-1", file=file, response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    assert made["text"].endswith("bytes.\n")
    assert made["srt"].startswith("1\n00:00:00,000 --> 00:00:01,000\nThis is")
    assert made["vtt"].startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nThis is")
    assert (verbose.duration, verbose.segments[1].end, verbose.words[-1].end) == (2.0, 2.0, 2.0)


def test_a_transcript_can_be_streamed(client: openai.OpenAI) -> None:
    """The pieces add up to the text of the last event."""
    with client.audio.transcriptions.create(model="gpt-4o-transcribe", file=b"\x00" * 99, stream=True) as stream:
        events = list(stream)
    assert "".join(event.delta for event in events[:-1]) == events[-1].text
    assert events[-1].usage.total_tokens > 0


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_a_recording_is_translated(client: openai.OpenAI) -> None:
    """Translations are in English, in the same formats."""
    call = {"model": "whisper-1", "file": ("a.mp3", b"\x00" * 99)}
    verbose = client.audio.translations.create(**call, response_format="verbose_json")
    assert (verbose.language, verbose.text) == ("english", client.audio.translations.create(**call).text)
    assert client.audio.translations.create(**call, response_format="srt").startswith("1\n")


@pytest.mark.parametrize("route", ["transcriptions", "translations"])
@pytest.mark.parametrize(
    ("fields", "files"),
    [
        ({"model": "whisper-1", "response_format": "doc", "response_format[]": "json"}, {}),
        ({"model": "whisper-1"}, {"file": b""}),
        ({"model": "whisper-1"}, {"other": b"x"}),
        ({"model": "whisper-1", "file": "text"}, {"x": b"x"}),
        ({"model": "whisper-1"}, {}),
        ({}, {"file": b"x"}),
        ({"model": "tts-1"}, {"file": b"x"}),
        ({"model": "whisper-1", "response_format": "doc"}, {"file": b"x"}),
        ({"model": "gpt-4o-transcribe", "response_format": "srt"}, {"file": b"x"}),
    ],
)
def test_a_bad_upload_is_refused_and_free(
    sandbox: Emulator, token: str, route: str, fields: dict[str, str], files: dict[str, bytes]
) -> None:
    """Missing files and wrong fields are a 400 in OpenAI's shape."""
    answer = _upload(sandbox, token, route, fields, files)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert sandbox.account()["calls"] == 0


@pytest.mark.parametrize("extra", [{"stream": "perhaps"}, {"timestamp_granularities[]": "letter"}])
def test_a_bad_wish_is_refused(sandbox: Emulator, token: str, extra: dict[str, str]) -> None:
    """Fields of transcriptions alone are checked, too."""
    answer = _upload(sandbox, token, "transcriptions", {"model": "whisper-1"} | extra, {"file": b"x"})
    assert answer.status_code == 400


def test_money_and_size_are_checked(sandbox: Emulator) -> None:
    """An empty account is a 402, a large file a 413."""
    upload = ("transcriptions", {"model": "whisper-1"}, {"file": b"x" * 2000})
    assert _upload(sandbox, sandbox.token(BOB), *upload).status_code == 402
    with running(Config(body_limit_bytes=1000, faults=True)) as small:
        assert _upload(small, small.token(), *upload).status_code == 413


def _upload(
    sandbox: Emulator, token: str, route: str, fields: dict[str, str], files: dict[str, bytes]
) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{sandbox.url}/v1/audio/{route}"
    return requests.post(url, data=fields, files=files, headers=headers, timeout=10)

"""OpenAI's package: pictures, sound and files."""

import base64
import io
import wave
from pathlib import Path

import openai
import pytest
from aiohttp import web

from tests.fixtures.accounts import Account
from tests.relay.servers import Stub
from tests.sandbox.pictures import PIXEL, size_of


def test_pictures_are_drawn_and_changed(account: Account) -> None:
    """A picture comes as base64; uploaded again, alone or with others, it is edited."""
    with account.gpt() as client:
        drawn = client.images.generate(model="gpt-image-1", prompt="a fox", size="1024x1024")
        picture = base64.b64decode(drawn.data[0].b64_json)
        fox, other = ("fox.png", picture, "image/png"), ("pixel.png", PIXEL, "image/png")
        edited = client.images.edit(model="gpt-image-1", image=[fox, other], prompt="in snow", size="1536x1024")
    assert size_of(picture) == (1024, 1024)
    assert size_of(base64.b64decode(edited.data[0].b64_json)) == (1536, 1024)
    assert edited.usage.input_tokens_details.image_tokens > 0


def test_speech_is_written_to_a_file_as_it_comes(account: Account, tmp_path: Path) -> None:
    """The recording passes untouched: what the package streams to disk is a whole WAV file."""
    file = tmp_path / "speech.wav"
    wish = {"model": "tts-1", "voice": "alloy", "input": "Hello " * 50, "response_format": "wav"}
    with account.gpt() as client:
        with client.audio.speech.with_streaming_response.create(**wish) as answer:
            answer.stream_to_file(file)
        assert client.audio.speech.create(**wish).content == file.read_bytes()
    with wave.open(str(file)) as recording:
        assert recording.getnframes() > 10_000


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # the package says so of translations
def test_a_recording_is_written_down(account: Account) -> None:
    """An uploaded recording arrives whole, with its name; transcripts come as JSON, as text and as a stream."""
    with account.gpt() as client:
        sound = client.audio.speech.create(model="tts-1", voice="alloy", input="Hello", response_format="wav").content
        file = ("häuser.wav", io.BytesIO(sound), "audio/wav")
        heard = client.audio.transcriptions.create(model="whisper-1", file=file)
        plain = client.audio.transcriptions.create(model="whisper-1", file=file, response_format="text")
        english = client.audio.translations.create(model="whisper-1", file=file)
        events = list(client.audio.transcriptions.create(model="gpt-4o-transcribe", file=file, stream=True))
    assert f"“häuser.wav” has {len(sound)} bytes" in heard.text
    assert plain.strip() == english.text == heard.text
    assert "".join(event.delta for event in events if event.type == "transcript.text.delta") == heard.text


@pytest.mark.parametrize("size", [0, 3_000_000])
def test_files_are_kept_listed_and_deleted(stubbed: Account, stub: Stub, size: int) -> None:
    """OpenAI's files, which the sandbox lacks: upload, list, content and deletion reach a server that has them."""
    content = bytes(range(256)) * (size // 256)
    server = _Files()
    stub.script = server.serve
    with stubbed.gpt() as client:
        made = client.files.create(file=("data.jsonl", content), purpose="batch")
        assert server.kept[made.id] == content
        assert [file.id for file in client.files.list()] == [made.id]
        assert client.files.retrieve(made.id).bytes == len(content)
        assert client.files.content(made.id).read() == content
        assert client.files.delete(made.id).deleted
        with pytest.raises(openai.NotFoundError):
            client.files.retrieve(made.id)


class _Files:
    """OpenAI's files, as much as the package needs of them."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def serve(self, request: web.Request) -> web.Response:
        """Answer one request."""
        _, _, _, *rest = request.path.split("/")
        if rest:
            return self._one(request, *rest)
        if request.method == "POST":
            form = await request.post()
            self.kept["file-1"] = form["file"].file.read()
            return web.json_response(self._described("file-1"))
        data = [self._described(name) for name in self.kept]
        return web.json_response({"object": "list", "data": data, "has_more": False})

    def _one(self, request: web.Request, name: str, part: str = "") -> web.Response:
        if name not in self.kept:
            error = {"message": "No such File object", "type": "invalid_request_error", "param": "id", "code": None}
            return web.json_response({"error": error}, status=404)
        if part == "content":
            return web.Response(body=self.kept[name], content_type="application/octet-stream")
        if request.method == "DELETE":
            del self.kept[name]
            return web.json_response({"id": name, "object": "file", "deleted": True})
        return web.json_response(self._described(name))

    def _described(self, name: str) -> dict[str, object]:
        known = {"object": "file", "created_at": 1, "filename": "data.jsonl", "purpose": "batch", "status": "processed"}
        return {"id": name, "bytes": len(self.kept[name]), **known}

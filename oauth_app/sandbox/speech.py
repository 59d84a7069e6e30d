"""``POST /v1/audio/speech``: a tone as long as the text; no voice is imitated."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oauth_app.sandbox import metering, sound, sse, tokens
from oauth_app.sandbox.context import sandbox_of, store_of
from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.json_fields import JsonFields, read_json_fields, refuse
from oauth_app.sandbox.llm_models import find_model
from oauth_app.sandbox.metering import Meter, MeteredStream
from oauth_app.sandbox.pricing import Kind, Model, Tokens

_LONGEST_INPUT: Final = 4096
_FORMATS: Final = ("mp3", "opus", "aac", "flac", "wav", "pcm")
_PIECE_BYTES: Final = 16_384


async def speech(request: Request) -> Response:
    """Answer with PCM or, whatever else was asked for, with a WAV file that says it is one."""
    account = vendor_account(request)
    fields = await read_json_fields(request)
    model = find_model(fields.text("model"), Kind.SPEECH)
    text = _read_text(fields)
    is_pcm = fields.one_of("response_format", _FORMATS) == "pcm"
    is_stream = _read_stream(fields, model)
    samples = sound.tone(text, _read_voice(fields))
    audio = samples if is_pcm else sound.wav(samples)
    held = metering.hold(store_of(request), account.id, model, Tokens(prompt=len(text)))
    if is_stream:
        return MeteredStream(_events(audio, text, sandbox_of(request).config.chunk_pause_ms / 1000), Meter(held))
    held.settle(0)
    return Response(audio, media_type="audio/pcm" if is_pcm else "audio/wav")


def _read_text(fields: JsonFields) -> str:
    text = fields.text("input")
    if len(text) > _LONGEST_INPUT:
        refuse("input", f"Invalid value for 'input': at most {_LONGEST_INPUT} characters.")
    return text


def _read_voice(fields: JsonFields) -> str:
    custom = isinstance(fields.values.get("voice"), dict)
    return fields.nested("voice").text("id") if custom else fields.text("voice")


def _read_stream(fields: JsonFields, model: Model) -> bool:
    is_stream = fields.one_of("stream_format", ("audio", "sse")) == "sse"
    if is_stream and model.id.startswith("tts-1"):
        refuse("stream_format", f"'{model.id}' cannot stream events.")
    return is_stream


async def _events(audio: bytes, text: str, pause_s: float) -> AsyncIterator[str]:
    for start in range(0, len(audio), _PIECE_BYTES):
        await asyncio.sleep(pause_s)
        piece = base64.b64encode(audio[start : start + _PIECE_BYTES]).decode()
        yield sse.unnamed({"type": "speech.audio.delta", "audio": piece})
    heard = len(audio) // _PIECE_BYTES + 1
    read = tokens.count(text)
    usage = {"input_tokens": read, "output_tokens": heard, "total_tokens": read + heard}
    yield sse.unnamed({"type": "speech.audio.done", "usage": usage})


ROUTES: Final = (Route("/v1/audio/speech", speech, methods=["POST"]),)

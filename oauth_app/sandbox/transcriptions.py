"""``/v1/audio/transcriptions`` and ``/v1/audio/translations``: an uploaded recording becomes a text."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import answers, metering, sse, transcripts
from oauth_app.sandbox.context import sandbox_of, store_of
from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.json_fields import JsonFields, refuse
from oauth_app.sandbox.llm_models import find_model
from oauth_app.sandbox.metering import Hold, Meter, MeteredStream
from oauth_app.sandbox.pricing import Kind, Model, Tokens
from oauth_app.sandbox.transcripts import Recording

_GRANULARITIES: Final = ("segment", "word")


async def transcriptions(request: Request) -> Response:
    """Write down a recording, at once or as a stream."""
    account = vendor_account(request)
    fields, recording = await transcripts.read_recording(request)
    model = find_model(fields.text("model"), Kind.TRANSCRIPTION)
    wanted = _read_format(fields, model)
    granularities = _read_granularities(fields)
    is_stream = fields.flag("stream") and model.id != "whisper-1"  # whose streams OpenAI ignores, too
    language = fields.text("language") if fields.values.get("language") else "english"
    held = _hold(request, account.id, model, recording)
    if is_stream:
        return MeteredStream(_events(recording, sandbox_of(request).config.chunk_pause_ms / 1000), Meter(held))
    held.settle(0)
    if wanted == "verbose_json":
        body = transcripts.verbose_answer(recording, "transcribe", language)
        return JSONResponse(body | ({"words": transcripts.words(recording)} if "word" in granularities else {}))
    return JSONResponse(_short(recording, model)) if wanted == "json" else transcripts.plain_answer(recording, wanted)


async def translations(request: Request) -> Response:
    """Write down a recording in English."""
    account = vendor_account(request)
    fields, recording = await transcripts.read_recording(request)
    model = find_model(fields.text("model"), Kind.TRANSCRIPTION)
    wanted = _read_format(fields, model)
    _hold(request, account.id, model, recording).settle(0)
    if wanted == "verbose_json":
        return JSONResponse(transcripts.verbose_answer(recording, "translate", "english"))
    return JSONResponse({"text": recording.text}) if wanted == "json" else transcripts.plain_answer(recording, wanted)


def _hold(request: Request, account_id: int, model: Model, recording: Recording) -> Hold:
    return metering.hold(store_of(request), account_id, model, Tokens(prompt=recording.seconds))


def _read_format(fields: JsonFields, model: Model) -> str:
    wanted = fields.one_of("response_format", transcripts.FORMATS)
    if model.id != "whisper-1" and wanted not in {"json", "text"}:
        refuse("response_format", f"response_format '{wanted}' is not compatible with model '{model.id}'.")
    return wanted


def _read_granularities(fields: JsonFields) -> list[str]:
    wanted = fields.texts("timestamp_granularities")
    if not set(wanted) <= set(_GRANULARITIES):
        refuse("timestamp_granularities", "Invalid value for 'timestamp_granularities': must be 'word' or 'segment'.")
    return wanted


def _short(recording: Recording, model: Model) -> dict[str, Any]:
    by_second = model.id == "whisper-1"
    usage = transcripts.duration_usage(recording) if by_second else transcripts.token_usage(recording)
    return {"text": recording.text, "usage": usage}


async def _events(recording: Recording, pause_s: float) -> AsyncIterator[str]:
    for piece in answers.pieces(recording.text):
        await asyncio.sleep(pause_s)
        yield sse.unnamed({"type": "transcript.text.delta", "delta": piece})
    usage = transcripts.token_usage(recording)
    yield sse.unnamed({"type": "transcript.text.done", "text": recording.text, "usage": usage})
    yield sse.DONE


ROUTES: Final = (
    Route("/v1/audio/transcriptions", transcriptions, methods=["POST"]),
    Route("/v1/audio/translations", translations, methods=["POST"]),
)

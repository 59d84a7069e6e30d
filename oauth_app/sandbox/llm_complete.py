"""``POST /v1/complete``: Anthropic's text completion of old, at once or as a stream."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import answers, metering, sse, tokens
from oauth_app.sandbox.answers import Answer, Limits
from oauth_app.sandbox.context import sandbox_of, store_of
from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.json_fields import JsonFields, read_json_fields, refuse
from oauth_app.sandbox.llm_models import find_model
from oauth_app.sandbox.metering import Meter, MeteredStream
from oauth_app.sandbox.pricing import Kind, Model, Tokens

_HUMAN: Final = "\n\nHuman:"
_ASSISTANT: Final = "\n\nAssistant:"
_MOST_TOKENS: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class CompleteCall:
    """A checked call and the answer it will get."""

    model: Model
    prompt_tokens: int
    answer: Answer
    is_stream: bool


async def complete(request: Request) -> Response:
    """Say what the assistant says next."""
    account = vendor_account(request)
    call = _read_call(await read_json_fields(request))
    said = tokens.count(call.answer.text)
    held = metering.hold(store_of(request), account.id, call.model, Tokens(prompt=call.prompt_tokens, completion=said))
    if call.is_stream:
        meter = Meter(held)
        return MeteredStream(_events(call, meter, sandbox_of(request).config.chunk_pause_ms / 1000), meter)
    held.settle(said)
    return JSONResponse(_completion(call) | {"completion": call.answer.text} | _ending(call))


def _read_call(fields: JsonFields) -> CompleteCall:
    model = find_model(fields.text("model"), Kind.CHAT)
    prompt = fields.text("prompt")
    if not prompt.startswith(_HUMAN):
        refuse("prompt", 'prompt must start with "\\n\\nHuman:" turn')
    if _ASSISTANT not in prompt:
        refuse("prompt", 'prompt must end with "\\n\\nAssistant:" turn')
    most = fields.whole("max_tokens_to_sample", 1, _MOST_TOKENS)
    if most is None:
        refuse("max_tokens_to_sample", "max_tokens_to_sample: Field required")
    limits = Limits(max_tokens=most, stop=fields.texts("stop_sequences"))
    return CompleteCall(
        model=model,
        prompt_tokens=tokens.count(prompt),
        answer=answers.compose(_last_turn(prompt), limits),
        is_stream=fields.flag("stream"),
    )


def _last_turn(prompt: str) -> str:
    return prompt.rpartition(_HUMAN)[2].partition(_ASSISTANT)[0].strip()


def _completion(call: CompleteCall) -> dict[str, Any]:
    return {
        "type": "completion",
        "id": f"compl_{alnum(24)}",
        "completion": "",
        "stop_reason": None,
        "stop": None,
        "model": call.model.id,
    }


def _ending(call: CompleteCall) -> dict[str, Any]:
    # A natural end is the assistant's wish for the next turn, which is a stop sequence here.
    return {"stop_reason": "max_tokens" if call.answer.was_clipped else "stop_sequence", "stop": call.answer.stopped_by}


async def _events(call: CompleteCall, meter: Meter, pause_s: float) -> AsyncIterator[str]:
    head = _completion(call)
    said = ""
    for piece in answers.pieces(call.answer.text):
        await asyncio.sleep(pause_s)
        said += piece
        # What is handed over counts as produced, even if the reader is gone by then.
        meter.completion_tokens = tokens.count(said)
        yield sse.named(head | {"completion": piece})
        if said == piece:
            yield sse.named({"type": "ping"})
    yield sse.named(head | _ending(call))


ROUTES: Final = (Route("/v1/complete", complete, methods=["POST"]),)

"""``POST /v1/completions``: OpenAI's text completion of old, at once or as a stream."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import answers, metering, sse, tokens
from oauth_app.sandbox.answers import Answer, Limits
from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.context import sandbox_of, store_of
from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.json_fields import JsonFields, read_json_fields
from oauth_app.sandbox.llm_models import find_model
from oauth_app.sandbox.metering import Meter, MeteredStream
from oauth_app.sandbox.pricing import Kind, Model, Tokens
from oauth_app.sandbox.token_inputs import read_inputs

_MOST_PROMPTS: Final = 64
_MOST_CHOICES: Final = 8
_MOST_TOKENS: Final = 1_000_000

#: OpenAI's own default, which clips most answers.
_USUAL_TOKENS: Final = 16


@dataclass(frozen=True, kw_only=True)
class CompletionCall:
    """A checked call and its answers: every prompt has as many as were asked for, one after the other."""

    model: Model
    prompt_tokens: int
    answers: list[Answer]
    is_stream: bool
    with_usage: bool

    @property
    def completion_tokens(self) -> int:
        """Tokens of all answers together."""
        return sum(tokens.count(answer.text) for answer in self.answers)


async def completions(request: Request) -> Response:
    """Complete each prompt."""
    account = vendor_account(request)
    call = _read_call(await read_json_fields(request))
    used = Tokens(prompt=call.prompt_tokens, completion=call.completion_tokens)
    held = metering.hold(store_of(request), account.id, call.model, used)
    if call.is_stream:
        meter = Meter(held)
        return MeteredStream(_events(call, meter, sandbox_of(request).config.chunk_pause_ms / 1000), meter)
    held.settle(call.completion_tokens)
    choices = [_choice(index, answer.text, answer) for index, answer in enumerate(call.answers)]
    return JSONResponse(_envelope(call) | {"choices": choices, "usage": _usage(call)})


def _read_call(fields: JsonFields) -> CompletionCall:
    model = find_model(fields.text("model"), Kind.COMPLETION)
    prompts = read_inputs(fields, "prompt", _MOST_PROMPTS)
    limits = Limits(
        max_tokens=fields.whole("max_tokens", 1, _MOST_TOKENS) or _USUAL_TOKENS,
        stop=fields.texts("stop"),
    )
    echoes = fields.flag("echo")
    choices = fields.whole("n", 1, _MOST_CHOICES) or 1
    return CompletionCall(
        model=model,
        prompt_tokens=sum(count for _, count in prompts),
        answers=[_answer(text, limits, echoes=echoes) for text, _ in prompts for _ in range(choices)],
        is_stream=fields.flag("stream"),
        with_usage=fields.nested("stream_options").flag("include_usage"),
    )


def _answer(prompt: str, limits: Limits, *, echoes: bool) -> Answer:
    answer = answers.compose(prompt, limits)
    return Answer(text=prompt + answer.text, was_clipped=answer.was_clipped) if echoes else answer


def _envelope(call: CompletionCall) -> dict[str, Any]:
    return {"id": f"cmpl-{alnum(29)}", "object": "text_completion", "created": now_s(), "model": call.model.id}


def _choice(index: int, text: str, ending: Answer | None) -> dict[str, Any]:
    reason = ("length" if ending.was_clipped else "stop") if ending else None
    return {"text": text, "index": index, "logprobs": None, "finish_reason": reason}


def _usage(call: CompletionCall) -> dict[str, int]:
    return {
        "prompt_tokens": call.prompt_tokens,
        "completion_tokens": call.completion_tokens,
        "total_tokens": call.prompt_tokens + call.completion_tokens,
    }


async def _events(call: CompletionCall, meter: Meter, pause_s: float) -> AsyncIterator[str]:
    head = _envelope(call) | ({"usage": None} if call.with_usage else {})
    finished = 0
    for index, answer in enumerate(call.answers):
        said = ""
        for piece in answers.pieces(answer.text):
            await asyncio.sleep(pause_s)
            said += piece
            # What is handed over counts as produced, even if the reader is gone by then.
            meter.completion_tokens = finished + tokens.count(said)
            yield sse.unnamed(head | {"choices": [_choice(index, piece, None)]})
        finished += tokens.count(answer.text)
        yield sse.unnamed(head | {"choices": [_choice(index, "", answer)]})
    if call.with_usage:
        yield sse.unnamed(head | {"choices": [], "usage": _usage(call)})
    yield sse.DONE


ROUTES: Final = (Route("/v1/completions", completions, methods=["POST"]),)

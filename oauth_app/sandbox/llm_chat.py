"""``POST /v1/chat/completions``: OpenAI's chat, at once or as a stream."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import answers, metering, tokens
from oauth_app.sandbox.answers import Answer, Limits
from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.context import sandbox_of, store_of
from oauth_app.sandbox.conversation import OPENAI_ROLES, read_conversation
from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.json_fields import JsonFields, read_json_fields
from oauth_app.sandbox.llm_models import find_model
from oauth_app.sandbox.metering import Meter, MeteredStream
from oauth_app.sandbox.pricing import Kind, Model, Tokens

_MOST_TOKENS: Final = 1_000_000
_MOST_CHOICES: Final = 8


@dataclass(frozen=True, kw_only=True)
class ChatCall:
    """A checked call and the answer it will get."""

    model: Model
    prompt_tokens: int
    answer: Answer
    choices: int
    is_stream: bool
    with_usage: bool

    @property
    def completion_tokens(self) -> int:
        """Tokens of all choices together."""
        return tokens.count(self.answer.text) * self.choices

    @property
    def finish_reason(self) -> str:
        """What ended the answer, in OpenAI's words."""
        return "length" if self.answer.was_clipped else "stop"


async def chat_completions(request: Request) -> Response:
    """Answer a chat."""
    account = vendor_account(request)
    call = _read_call(await read_json_fields(request))
    used = Tokens(prompt=call.prompt_tokens, completion=call.completion_tokens)
    held = metering.hold(store_of(request), account.id, call.model, used)
    if call.is_stream:
        meter = Meter(held)
        return MeteredStream(_events(call, meter, sandbox_of(request).config.chunk_pause_ms / 1000), meter)
    held.settle(call.completion_tokens)
    choices = [_choice(call, index) for index in range(call.choices)]
    return JSONResponse(_envelope(call, "chat.completion") | {"choices": choices, "usage": _usage(call)})


def _read_call(fields: JsonFields) -> ChatCall:
    model = find_model(fields.text("model"), Kind.CHAT)
    conversation = read_conversation(fields, OPENAI_ROLES)
    newer = fields.whole("max_completion_tokens", 1, _MOST_TOKENS)
    limits = Limits(max_tokens=newer or fields.whole("max_tokens", 1, _MOST_TOKENS), stop=fields.texts("stop"))
    return ChatCall(
        model=model,
        prompt_tokens=conversation.prompt_tokens,
        answer=answers.compose(conversation.last_prompt, limits),
        choices=fields.whole("n", 1, _MOST_CHOICES) or 1,
        is_stream=fields.flag("stream"),
        with_usage=fields.nested("stream_options").flag("include_usage"),
    )


def _envelope(call: ChatCall, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{alnum(29)}",
        "object": kind,
        "created": now_s(),
        "model": call.model.id,
        "system_fingerprint": "fp_sandbox",
    }


def _choice(call: ChatCall, index: int) -> dict[str, Any]:
    message = {"role": "assistant", "content": call.answer.text, "refusal": None}
    return {"index": index, "message": message, "logprobs": None, "finish_reason": call.finish_reason}


def _usage(call: ChatCall) -> dict[str, Any]:
    return {
        "prompt_tokens": call.prompt_tokens,
        "completion_tokens": call.completion_tokens,
        "total_tokens": call.prompt_tokens + call.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


async def _events(call: ChatCall, meter: Meter, pause_s: float) -> AsyncIterator[str]:
    head = _envelope(call, "chat.completion.chunk")
    for index in range(call.choices):
        yield _chunk(call, head, index, {"role": "assistant", "content": ""})
        said = ""
        for piece in answers.pieces(call.answer.text):
            await asyncio.sleep(pause_s)
            said += piece
            # What is handed over counts as produced, even if the reader is gone by then.
            meter.completion_tokens = tokens.count(call.answer.text) * index + tokens.count(said)
            yield _chunk(call, head, index, {"content": piece})
        yield _chunk(call, head, index, {}, call.finish_reason)
    if call.with_usage:
        yield _event(head | {"choices": [], "usage": _usage(call)})
    yield "data: [DONE]\n\n"


def _chunk(
    call: ChatCall,
    head: dict[str, Any],
    index: int,
    delta: dict[str, str],
    finish_reason: str | None = None,
) -> str:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    # With include_usage every chunk has the member, and all but the last say null.
    return _event(head | {"choices": [choice]} | ({"usage": None} if call.with_usage else {}))


def _event(body: dict[str, Any]) -> str:
    return f"data: {json.dumps(body, ensure_ascii=False, separators=(',', ':'))}\n\n"


ROUTES: Final = (Route("/v1/chat/completions", chat_completions, methods=["POST"]),)

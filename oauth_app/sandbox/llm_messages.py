"""``POST /v1/messages``: Anthropic's native messages, at once or as a stream."""

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
from oauth_app.sandbox.context import sandbox_of, store_of
from oauth_app.sandbox.conversation import ANTHROPIC_ROLES, read_content, read_conversation
from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.json_fields import JsonFields, read_json_fields, refuse
from oauth_app.sandbox.llm_models import find_model
from oauth_app.sandbox.metering import Meter, MeteredStream
from oauth_app.sandbox.pricing import Kind, Model, Tokens

_MOST_TOKENS: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class MessagesCall:
    """A checked call and the answer it will get."""

    model: Model
    prompt_tokens: int
    answer: Answer
    is_stream: bool

    @property
    def output_tokens(self) -> int:
        """Tokens of the whole answer."""
        return tokens.count(self.answer.text)

    @property
    def stop_reason(self) -> str:
        """What ended the answer, in Anthropic's words."""
        if self.answer.was_clipped:
            return "max_tokens"
        return "stop_sequence" if self.answer.stopped_by else "end_turn"


async def messages(request: Request) -> Response:
    """Answer a conversation."""
    account = vendor_account(request)
    call = _read_call(await read_json_fields(request))
    used = Tokens(prompt=call.prompt_tokens, completion=call.output_tokens)
    held = metering.hold(store_of(request), account.id, call.model, used)
    if call.is_stream:
        meter = Meter(held)
        return MeteredStream(_events(call, meter, sandbox_of(request).config.chunk_pause_ms / 1000), meter)
    held.settle(call.output_tokens)
    return JSONResponse(_message(call) | {"content": [{"type": "text", "text": call.answer.text}]} | _ending(call))


async def count_tokens(request: Request) -> Response:
    """Count the tokens a conversation would have; it costs nothing."""
    vendor_account(request)
    fields = await read_json_fields(request)
    find_model(fields.text("model"), Kind.CHAT)
    return JSONResponse({"input_tokens": _prompt(fields)[1]})


def _read_call(fields: JsonFields) -> MessagesCall:
    model = find_model(fields.text("model"), Kind.CHAT)
    prompt, prompt_tokens = _prompt(fields)
    max_tokens = fields.whole("max_tokens", 1, _MOST_TOKENS)
    if max_tokens is None:
        refuse("max_tokens", "max_tokens: Field required")
    limits = Limits(max_tokens=max_tokens, stop=fields.texts("stop_sequences"))
    return MessagesCall(
        model=model,
        prompt_tokens=prompt_tokens,
        answer=answers.compose(prompt, limits),
        is_stream=fields.flag("stream"),
    )


def _prompt(fields: JsonFields) -> tuple[str, int]:
    conversation = read_conversation(fields, ANTHROPIC_ROLES)
    system, _ = read_content(fields, "system", optional=True)
    return conversation.last_prompt, conversation.prompt_tokens + tokens.count(system)


def _message(call: MessagesCall) -> dict[str, Any]:
    return {
        "id": f"msg_{alnum(24)}",
        "type": "message",
        "role": "assistant",
        "model": call.model.id,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _usage(call, 0),
    }


def _ending(call: MessagesCall) -> dict[str, Any]:
    return {
        "stop_reason": call.stop_reason,
        "stop_sequence": call.answer.stopped_by,
        "usage": _usage(call, call.output_tokens),
    }


def _usage(call: MessagesCall, output_tokens: int) -> dict[str, int]:
    return {
        "input_tokens": call.prompt_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output_tokens,
    }


async def _events(call: MessagesCall, meter: Meter, pause_s: float) -> AsyncIterator[str]:
    yield _event("message_start", message=_message(call))
    yield _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    yield _event("ping")
    said = ""
    for piece in answers.pieces(call.answer.text):
        await asyncio.sleep(pause_s)
        said += piece
        # What is handed over counts as produced, even if the reader is gone by then.
        meter.completion_tokens = tokens.count(said)
        yield _event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
    yield _event("content_block_stop", index=0)
    ending = _ending(call)
    usage = ending.pop("usage")
    yield _event("message_delta", delta=ending, usage={"output_tokens": usage["output_tokens"]})
    yield _event("message_stop")


def _event(kind: str, **values: Any) -> str:  # noqa: ANN401 - the members differ by kind
    body = json.dumps({"type": kind, **values}, ensure_ascii=False, separators=(",", ":"))
    return f"event: {kind}\ndata: {body}\n\n"


ROUTES: Final = (
    Route("/v1/messages", messages, methods=["POST"]),
    Route("/v1/messages/count_tokens", count_tokens, methods=["POST"]),
)

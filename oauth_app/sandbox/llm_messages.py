"""``POST /v1/messages``: Anthropic's native messages, at once or as a stream."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import answers, metering, sse, tokens, tool_calls
from oauth_app.sandbox.answers import Answer, Limits
from oauth_app.sandbox.context import sandbox_of, store_of
from oauth_app.sandbox.conversation import ANTHROPIC_ROLES, Conversation, read_content, read_conversation
from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.json_fields import JsonFields, read_json_fields, refuse
from oauth_app.sandbox.llm_models import find_model
from oauth_app.sandbox.metering import Meter, MeteredStream
from oauth_app.sandbox.pricing import Kind, Model, Tokens
from oauth_app.sandbox.tool_calls import ToolCall
from oauth_app.sandbox.vendor_paths import priced

_MOST_TOKENS: Final = 1_000_000

#: How a block of content looks before its deltas.
_EMPTY: Final[dict[str, dict[str, Any]]] = {"text": {"text": ""}, "tool_use": {"input": {}}}


@dataclass(frozen=True, kw_only=True)
class MessagesCall:
    """A checked call and the answer it will get."""

    model: Model
    prompt_tokens: int
    answer: Answer
    tool: ToolCall | None
    is_stream: bool

    @property
    def output_tokens(self) -> int:
        """Tokens of the whole answer."""
        return self.tool.token_count if self.tool else tokens.count(self.answer.text)

    @property
    def stop_reason(self) -> str:
        """What ended the answer, in Anthropic's words."""
        if self.tool:
            return "tool_use"
        if self.answer.was_clipped:
            return "max_tokens"
        return "stop_sequence" if self.answer.stopped_by else "end_turn"

    @property
    def stop_sequence(self) -> str | None:
        """The text that ended the answer."""
        return None if self.tool else self.answer.stopped_by


async def messages(request: Request) -> Response:
    """Answer a conversation."""
    account = vendor_account(request)
    call = _read_call(await read_json_fields(request))
    used = Tokens(prompt=call.prompt_tokens, completion=call.output_tokens)
    held = metering.hold(store_of(request), account.id, priced(request, call.model), used)
    if call.is_stream:
        meter = Meter(held)
        return MeteredStream(_events(call, meter, sandbox_of(request).config.chunk_pause_ms / 1000), meter)
    held.settle(call.output_tokens)
    return JSONResponse(_message(call) | {"content": [_content(call)]} | _ending(call))


async def count_tokens(request: Request) -> Response:
    """Count the tokens a conversation would have; it costs nothing."""
    vendor_account(request)
    fields = await read_json_fields(request)
    find_model(fields.text("model"), Kind.CHAT)
    return JSONResponse({"input_tokens": _count(fields, read_conversation(fields, ANTHROPIC_ROLES))})


def _read_call(fields: JsonFields) -> MessagesCall:
    model = find_model(fields.text("model"), Kind.CHAT)
    conversation = read_conversation(fields, ANTHROPIC_ROLES)
    max_tokens = fields.whole("max_tokens", 1, _MOST_TOKENS)
    if max_tokens is None:
        refuse("max_tokens", "max_tokens: Field required")
    limits = Limits(max_tokens=max_tokens, stop=fields.texts("stop_sequences"))
    offered = fields.objects("tools") if fields.values.get("tools") else []
    tools = [tool_calls.read_tool(item, "input_schema") for item in offered]
    return MessagesCall(
        model=model,
        prompt_tokens=_count(fields, conversation),
        answer=answers.compose(conversation.last_prompt, limits),
        tool=tool_calls.choose(fields, tools, conversation.open_prompt),
        is_stream=fields.flag("stream"),
    )


def _count(fields: JsonFields, conversation: Conversation) -> int:
    system = read_content(fields, "system", optional=True)
    return conversation.prompt_tokens + tokens.count(system.text) + tool_calls.count(fields)


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
        "stop_sequence": call.stop_sequence,
        "usage": _usage(call, call.output_tokens),
    }


def _content(call: MessagesCall) -> dict[str, Any]:
    if call.tool is None:
        return {"type": "text", "text": call.answer.text}
    return {"type": "tool_use", "id": f"toolu_{alnum(24)}", "name": call.tool.name, "input": call.tool.arguments}


def _usage(call: MessagesCall, output_tokens: int) -> dict[str, int]:
    return {
        "input_tokens": call.prompt_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output_tokens,
    }


async def _events(call: MessagesCall, meter: Meter, pause_s: float) -> AsyncIterator[str]:
    yield _event("message_start", message=_message(call))
    yield _event("content_block_start", index=0, content_block=_content(call) | _EMPTY[_content(call)["type"]])
    yield _event("ping")
    said = ""
    for piece in answers.pieces(call.tool.written if call.tool else call.answer.text):
        await asyncio.sleep(pause_s)
        said += piece
        # What is handed over counts as produced, even if the reader is gone by then.
        meter.completion_tokens = tokens.count(said)
        yield _event("content_block_delta", index=0, delta=_delta(call, piece))
    meter.completion_tokens = call.output_tokens
    yield _event("content_block_stop", index=0)
    ending = _ending(call)
    usage = ending.pop("usage")
    yield _event("message_delta", delta=ending, usage={"output_tokens": usage["output_tokens"]})
    yield _event("message_stop")


def _delta(call: MessagesCall, piece: str) -> dict[str, str]:
    if call.tool:
        return {"type": "input_json_delta", "partial_json": piece}
    return {"type": "text_delta", "text": piece}


def _event(kind: str, **values: Any) -> str:  # noqa: ANN401 - the members differ by kind
    return sse.named({"type": kind, **values})


ROUTES: Final = (
    Route("/v1/messages", messages, methods=["POST"]),
    Route("/v1/messages/count_tokens", count_tokens, methods=["POST"]),
)

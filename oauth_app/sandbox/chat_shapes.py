"""A chat completion as it is written: whole, and in the chunks that add up to it."""

from collections.abc import Iterator
from typing import Any

from oauth_app.sandbox import answers, tokens
from oauth_app.sandbox.chat_call import ChatCall
from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.identifiers import alnum


def complete(call: ChatCall) -> dict[str, Any]:
    """Return the whole completion."""
    return {
        "id": f"chatcmpl-{alnum(29)}",
        "object": "chat.completion",
        "created": now_s(),
        "model": call.model.id,
        "system_fingerprint": "fp_sandbox",
        "choices": [_choice(call, index) for index in range(call.choices)],
        "usage": _usage(call),
    }


def chunks(call: ChatCall, completion: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the chunks of a completion, each with the tokens that are produced by then."""
    head = completion | {"object": "chat.completion.chunk"}
    # With include_usage every chunk has the member, and all but the last say null.
    usage = head.pop("usage")
    head |= {"usage": None} if call.with_usage else {}
    for choice in completion["choices"]:
        before = call.tokens_each * choice["index"]
        said = ""
        for piece, delta in _deltas(choice["message"]):
            said += piece
            yield before + tokens.count(said), head | {"choices": [_change(choice, delta, None)]}
        yield before + call.tokens_each, head | {"choices": [_change(choice, {}, choice["finish_reason"])]}
    if call.with_usage:
        yield call.completion_tokens, head | {"choices": [], "usage": usage}


def _choice(call: ChatCall, index: int) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": call.answer.text, "refusal": None}
    if call.tool:
        function = {"name": call.tool.name, "arguments": call.tool.written}
        made = {"id": f"call_{alnum(24)}", "type": "function", "function": function}
        message |= {"content": None, "tool_calls": [made]}
    return {"index": index, "message": message, "logprobs": None, "finish_reason": call.finish_reason}


def _usage(call: ChatCall) -> dict[str, Any]:
    return {
        "prompt_tokens": call.prompt_tokens,
        "completion_tokens": call.completion_tokens,
        "total_tokens": call.prompt_tokens + call.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def _deltas(message: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what each chunk adds to a choice, and the text of it that is produced."""
    opening: dict[str, Any] = {"role": "assistant", "content": ""}
    if message["content"] is not None:
        yield "", opening
        yield from ((piece, {"content": piece}) for piece in answers.pieces(message["content"]))
        return
    (made,) = message["tool_calls"]
    opened = made | {"index": 0, "function": made["function"] | {"arguments": ""}}
    yield "", opening | {"content": None, "tool_calls": [opened]}
    for piece in answers.pieces(made["function"]["arguments"]):
        yield piece, {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}


def _change(choice: dict[str, Any], delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
    return {"index": choice["index"], "delta": delta, "logprobs": None, "finish_reason": finish_reason}

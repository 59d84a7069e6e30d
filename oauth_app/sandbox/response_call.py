"""A call of the Responses API, checked, and the response it will get."""

from dataclasses import dataclass
from typing import Any, Final

from oauth_app.sandbox import answers, items, listing, sse, tokens, tool_calls
from oauth_app.sandbox.answers import Answer, Limits
from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.errors import VendorError
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.json_fields import JsonFields, refuse
from oauth_app.sandbox.kept import Kept, Shelf
from oauth_app.sandbox.llm_models import find_model
from oauth_app.sandbox.pricing import Kind, Model
from oauth_app.sandbox.tool_calls import ToolCall

_MOST_TOKENS: Final = 1_000_000

#: OpenAI takes no lower limit.
_FEWEST_TOKENS: Final = 16

#: How far back a chain of responses is read.
_LONGEST_CHAIN: Final = 100


@dataclass(frozen=True, kw_only=True)
class ResponseCall:
    """A checked call and the answer it will get."""

    model: Model
    input: list[dict[str, Any]]
    prompt_tokens: int
    answer: Answer
    tool: ToolCall | None
    conversation_id: str
    is_stored: bool
    is_stream: bool
    is_background: bool
    echoed: dict[str, Any]
    """What a response repeats of its request."""

    @property
    def output_tokens(self) -> int:
        """Tokens of the answer."""
        return self.tool.token_count if self.tool else tokens.count(self.answer.text)


def read_call(fields: JsonFields, shelf: Shelf) -> ResponseCall:
    """Return the call of a request.

    Raises:
        VendorError: 404, no such model or conversation; 400, a field is missing or of another form.
    """
    model = find_model(fields.text("model"), Kind.CHAT)
    conversation_id = _read_conversation_id(fields, shelf)
    asked = items.read_input(fields)
    known = items.summarize([*_history(fields, shelf, conversation_id), *asked])
    most = fields.whole("max_output_tokens", _FEWEST_TOKENS, _MOST_TOKENS)
    return ResponseCall(
        model=model,
        input=asked,
        prompt_tokens=known.prompt_tokens + tool_calls.count(fields) + _count_instructions(fields),
        answer=_answer(fields, known.last_prompt, Limits(max_tokens=most)),
        tool=tool_calls.choose(fields, _read_tools(fields), known.open_prompt),
        conversation_id=conversation_id,
        is_stored=_read_store(fields),
        is_stream=fields.flag("stream"),
        is_background=fields.flag("background"),
        echoed=_echo(fields),
    )


def respond(call: ResponseCall) -> dict[str, Any]:
    """Return the finished response."""
    is_whole = call.tool is not None or not call.answer.was_clipped
    return call.echoed | {
        "id": f"resp_{alnum(48)}",
        "object": "response",
        "created_at": now_s(),
        "completed_at": now_s() if is_whole else None,
        "status": "completed" if is_whole else "incomplete",
        "error": None,
        "incomplete_details": None if is_whole else {"reason": "max_output_tokens"},
        "model": call.model.id,
        "output": [items.call(call.tool) if call.tool else items.say(call.answer.text, is_whole=is_whole)],
        "conversation": {"id": call.conversation_id} if call.conversation_id else None,
        "usage": _usage(call),
    }


def _answer(fields: JsonFields, prompt: str, limits: Limits) -> Answer:
    wanted = fields.nested("text").nested("format")
    match wanted.one_of("type", ("text", "json_object", "json_schema")):
        case "json_object":
            return answers.limit(sse.compact({"answer": answers.compose(prompt, Limits()).text}), limits)
        case "json_schema":
            wanted.text("name")
            return answers.limit(sse.compact(tool_calls.sample(wanted.nested("schema").values)), limits)
        case _:
            return answers.compose(prompt, limits)


def _read_tools(fields: JsonFields) -> list[tool_calls.Tool]:
    offered = fields.objects("tools") if fields.values.get("tools") else []
    return [tool_calls.read_tool(item, "parameters") for item in offered if item.text("type") == "function"]


def _count_instructions(fields: JsonFields) -> int:
    return tokens.count(fields.text("instructions")) if fields.values.get("instructions") else 0


def _read_store(fields: JsonFields) -> bool:
    is_stored = fields.flag("store") or fields.values.get("store") is None
    if fields.flag("background") and not is_stored:
        refuse("background", "A background response must be stored.")
    return is_stored


def _read_conversation_id(fields: JsonFields, shelf: Shelf) -> str:
    value = fields.values.get("conversation")
    if value is None:
        return ""
    if fields.values.get("previous_response_id"):
        refuse("conversation", "'conversation' and 'previous_response_id' cannot be used together.")
    given = fields.text("conversation") if isinstance(value, str) else fields.nested("conversation").text("id")
    if shelf.find(Kept.CONVERSATION, given) is None:
        listing.refuse_unknown("Conversation", given)
    return given


def _history(fields: JsonFields, shelf: Shelf, conversation_id: str) -> list[dict[str, Any]]:
    """Return the items that came before the input, oldest first."""
    if conversation_id:
        return shelf.everything(Kept.ITEM, conversation_id)
    earlier = fields.text("previous_response_id") if fields.values.get("previous_response_id") else None
    if earlier and shelf.find(Kept.RESPONSE, earlier) is None:
        text = f"Previous response with id '{earlier[:100]}' not found."
        code = "previous_response_not_found"
        raise VendorError(400, "invalid_request_error", text, param="previous_response_id", code=code)
    history: list[dict[str, Any]] = []
    for _ in range(_LONGEST_CHAIN):
        found = shelf.find(Kept.RESPONSE, earlier) if earlier else None
        if found is None:
            break
        history = [*found["input"], *found["response"]["output"], *history]
        earlier = found["response"]["previous_response_id"]
    return history


def _check_options(fields: JsonFields) -> None:
    fields.one_of("truncation", ("disabled", "auto"))
    fields.one_of("service_tier", ("default", "auto", "flex", "scale", "priority"))
    fields.nested("reasoning")
    fields.flag("parallel_tool_calls")
    fields.number("temperature", 2)
    fields.number("top_p", 1)
    fields.whole("max_tool_calls", 1, _MOST_TOKENS)
    for key in ("user", "safety_identifier"):
        if fields.values.get(key) is not None:
            fields.text(key)


def _echo(fields: JsonFields) -> dict[str, Any]:
    _check_options(fields)
    usual: dict[str, Any] = {
        "background": False,
        "instructions": None,
        "max_output_tokens": None,
        "max_tool_calls": None,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "user": None,
    }
    given = {key: value for key, value in fields.values.items() if key in usual and value is not None}
    return usual | given | {"metadata": listing.read_metadata(fields)}


def _usage(call: ResponseCall) -> dict[str, Any]:
    return {
        "input_tokens": call.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": call.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": call.prompt_tokens + call.output_tokens,
    }

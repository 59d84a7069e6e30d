"""A chat call, checked, with the answer it will get."""

from dataclasses import dataclass
from typing import Any, Final

from oauth_app.sandbox import answers, listing, sse, tokens, tool_calls
from oauth_app.sandbox.answers import Answer, Limits
from oauth_app.sandbox.conversation import OPENAI_ROLES, Conversation, read_conversation
from oauth_app.sandbox.json_fields import JsonFields
from oauth_app.sandbox.llm_models import find_model
from oauth_app.sandbox.pricing import Kind, Model
from oauth_app.sandbox.tool_calls import ToolCall

_MOST_TOKENS: Final = 1_000_000
_MOST_CHOICES: Final = 8


@dataclass(frozen=True, kw_only=True)
class ChatCall:
    """A checked call: it is answered by a text or by a tool call."""

    model: Model
    prompt_tokens: int
    answer: Answer
    tool: ToolCall | None
    choices: int
    is_stream: bool
    with_usage: bool
    is_stored: bool
    metadata: dict[str, str]
    messages: list[dict[str, Any]]

    @property
    def tokens_each(self) -> int:
        """Tokens of one choice."""
        return self.tool.token_count if self.tool else tokens.count(self.answer.text)

    @property
    def completion_tokens(self) -> int:
        """Tokens of all choices together."""
        return self.tokens_each * self.choices

    @property
    def finish_reason(self) -> str:
        """What ended the answer, in OpenAI's words."""
        if self.tool:
            return "tool_calls"
        return "length" if self.answer.was_clipped else "stop"


def read_call(fields: JsonFields) -> ChatCall:
    """Return the call of a request.

    Raises:
        VendorError: 404, no such model; 400, a field is missing or of another form.
    """
    model = find_model(fields.text("model"), Kind.CHAT)
    conversation = read_conversation(fields, OPENAI_ROLES)
    return ChatCall(
        model=model,
        prompt_tokens=conversation.prompt_tokens + tool_calls.count(fields),
        answer=_answer(fields, conversation.last_prompt),
        tool=_tool(fields, conversation),
        choices=fields.whole("n", 1, _MOST_CHOICES) or 1,
        is_stream=fields.flag("stream"),
        with_usage=fields.nested("stream_options").flag("include_usage"),
        is_stored=fields.flag("store"),
        metadata=listing.read_metadata(fields),
        messages=fields.values["messages"],
    )


def _answer(fields: JsonFields, prompt: str) -> Answer:
    newer = fields.whole("max_completion_tokens", 1, _MOST_TOKENS)
    limits = Limits(max_tokens=newer or fields.whole("max_tokens", 1, _MOST_TOKENS), stop=fields.texts("stop"))
    wanted = fields.nested("response_format")
    match wanted.one_of("type", ("text", "json_object", "json_schema")):
        case "json_object":
            return answers.limit(sse.compact({"answer": answers.compose(prompt, Limits()).text}), limits)
        case "json_schema":
            described = wanted.nested("json_schema")
            described.text("name")
            return answers.limit(sse.compact(tool_calls.sample(described.nested("schema").values)), limits)
        case _:
            return answers.compose(prompt, limits)


def _tool(fields: JsonFields, conversation: Conversation) -> ToolCall | None:
    offered = fields.objects("tools") if fields.values.get("tools") else []
    functions = [item.nested("function") for item in offered if item.text("type") == "function"]
    tools = [tool_calls.read_tool(function, "parameters") for function in functions]
    return tool_calls.choose(fields, tools, conversation.open_prompt)

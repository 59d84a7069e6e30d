"""Tools that a caller offers: which one is called, and with which arguments.

``[[tool=name]]`` in the last message asks for a tool of that name, and a tool choice that
names one or says that one must be called is obeyed. The arguments are made from the tool's
own schema, so that equal tools are called equally.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from oauth_app.sandbox import sse, tokens
from oauth_app.sandbox.json_fields import JsonFields, refuse

_WISH: Final = re.compile(r"\[\[tool=([A-Za-z0-9_.-]{1,64})\]\]", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)

#: Kinds of tool choices: any tool will do, or one that is named.
_MUST_CALL: Final = ("required", "any")
_NAMES_ONE: Final = ("function", "tool", "custom")

_PLAIN: Final[Mapping[str, Any]] = {"string": "sandbox", "boolean": True, "null": None}

#: Deeper schemas are answered with an empty object.
_DEEPEST: Final = 6


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A function the caller can carry out."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """The one call that an answer makes instead of saying something."""

    name: str
    arguments: dict[str, Any]

    @property
    def written(self) -> str:
        """The arguments as JSON."""
        return sse.compact(self.arguments)

    @property
    def token_count(self) -> int:
        """What the call counts as."""
        return tokens.count(self.name) + tokens.count(self.written)


def read_tool(fields: JsonFields, schema_key: str) -> Tool:
    """Return a tool whose schema stands under a key.

    Raises:
        VendorError: 400, it has no name, or the schema is not an object.
    """
    name = fields.text("name")
    if not _NAME.fullmatch(name):
        refuse(fields.name("name"), f"Invalid value for '{fields.name('name')}': letters, digits, '_', '.' and '-'.")
    return Tool(name=name, schema=fields.nested(schema_key).values)


def count(fields: JsonFields) -> int:
    """Return the tokens that the offered tools have."""
    offered = fields.values.get("tools")
    return tokens.count(sse.compact(offered)) if offered else 0


def choose(fields: JsonFields, tools: Sequence[Tool], prompt: str) -> ToolCall | None:
    """Return the call to make, or None when the answer is a text.

    Args:
        fields: the request; its tool choice may be in any vendor's form.
        tools: what the caller offers.
        prompt: the last message of the person; empty when a tool has answered it already.

    Raises:
        VendorError: 400, the tool choice is of no known form or names a tool that is not offered.
    """
    kind, name = _read_choice(fields)
    if kind == "none" or not tools:
        return None
    wish = _WISH.search(prompt)
    wanted = name or (wish[1] if wish else "")
    found = next((tool for tool in tools if tool.name == wanted), None)
    if name and found is None:
        refuse("tool_choice", f"Tool choice '{name[:64]}' not found in 'tools' parameter.")
    if found is None and kind in _MUST_CALL:
        found = tools[0]
    return ToolCall(name=found.name, arguments=_arguments(found)) if found else None


def _read_choice(fields: JsonFields) -> tuple[str, str]:
    """Return the kind of choice, and the name of the one tool it allows, if it names one."""
    value = fields.values.get("tool_choice")
    choice = JsonFields({"type": value} if isinstance(value, str) else value or {}, "tool_choice.")
    if not isinstance(choice.values, dict):
        refuse("tool_choice", "Invalid type for 'tool_choice': expected a string or an object.")
    kind = choice.one_of("type", ("auto", "none", *_MUST_CALL, *_NAMES_ONE, "allowed_tools"))
    if kind not in _NAMES_ONE:
        return kind, ""
    return kind, (choice.nested("function") if choice.values.get("function") else choice).text("name")


def _arguments(tool: Tool) -> dict[str, Any]:
    made = sample(tool.schema)
    return made if isinstance(made, dict) else {}


def sample(schema: object, depth: int = 0) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value that a simple JSON schema allows; what is not understood becomes an empty object."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return {}
    kind = _kind(schema)
    if given := _given(schema, kind):
        return given[0]
    return _array(schema, depth) if kind == "array" else _object(schema, depth)


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    return str(kind[0] if isinstance(kind, list) and kind else kind)


def _given(schema: Mapping[str, Any], kind: str) -> list[Any]:
    """Return the values that a schema names or that its type alone suggests."""
    listed = schema.get("enum")
    named = [*(listed if isinstance(listed, list) else ()), *([schema["const"]] if "const" in schema else ())]
    if kind in {"integer", "number"}:
        named.append(schema.get("minimum", 1))
    return [*named, _PLAIN[kind]] if kind in _PLAIN else named


def _array(schema: Mapping[str, Any], depth: int) -> list[Any]:
    return [sample(schema["items"], depth + 1)] if schema.get("items") else []


def _object(schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return {}
    return {str(name): sample(value, depth + 1) for name, value in list(properties.items())[:100]}

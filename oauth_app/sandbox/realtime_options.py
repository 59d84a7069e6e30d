"""What a realtime session, or one response of it, can be told."""

from collections.abc import Mapping
from typing import Any, Final

from oauth_app.sandbox import listing, tool_calls
from oauth_app.sandbox.json_fields import JsonFields, refuse

_MODALITIES: Final = (["text"], ["audio"])
_MOST_TOKENS: Final = 4096
_PCM: Final = {"type": "audio/pcm", "rate": 24_000}

#: What a session of this vendor begins with; nobody listens for pauses here.
USUAL: Final[Mapping[str, Any]] = {
    "output_modalities": ["audio"],
    "instructions": "",
    "tools": [],
    "tool_choice": "auto",
    "max_output_tokens": "inf",
    "audio": {
        "input": {"format": _PCM, "turn_detection": None},
        "output": {"format": _PCM, "voice": "alloy", "speed": 1.0},
    },
}


def read_options(fields: JsonFields, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with the changes that an event asks for.

    Raises:
        VendorError: 400, one of them is of another form.
    """
    given = {key: value for key, value in fields.values.items() if key in USUAL and value is not None}
    if given.get("output_modalities", ["text"]) not in _MODALITIES:
        refuse(
            fields.name("output_modalities"), 'Invalid modalities: supported combinations are ["text"] and ["audio"].'
        )
    if given.get("instructions"):
        fields.text("instructions")
    if given.get("max_output_tokens") != "inf":
        fields.whole("max_output_tokens", 1, _MOST_TOKENS)
    output = fields.nested("audio").nested("output")
    voice = output.text("voice") if output.values.get("voice") else None
    listing.read_metadata(fields)
    options = dict(before) | given | {"audio": _with_voice(before["audio"], voice)}
    read_tools(JsonFields(options, fields.prefix))
    return options


def read_tools(options: JsonFields) -> list[tool_calls.Tool]:
    """Return the functions that can be called.

    Raises:
        VendorError: 400, one has no name.
    """
    offered = options.objects("tools") if options.values.get("tools") else []
    return [tool_calls.read_tool(item, "parameters") for item in offered if item.text("type") == "function"]


def _with_voice(audio: Mapping[str, Any], voice: str | None) -> dict[str, Any]:
    return dict(audio) | {"output": audio["output"] | ({"voice": voice} if voice else {})}

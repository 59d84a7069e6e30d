"""One answer in a realtime session: made, paid, and sent piece by piece."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.websockets import WebSocket

from oauth_app.sandbox import answers, items, metering, realtime_events, tokens, tool_calls
from oauth_app.sandbox.answers import Limits
from oauth_app.sandbox.context import sandbox_of, store_of
from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.json_fields import JsonFields
from oauth_app.sandbox.metering import Hold
from oauth_app.sandbox.pricing import Model, Tokens
from oauth_app.sandbox.realtime_events import Spoken
from oauth_app.sandbox.realtime_options import read_tools

Send = Callable[..., Awaitable[None]]

_DETAILS: Final = {
    "completed": None,
    "incomplete": {"type": "incomplete", "reason": "max_output_tokens"},
    "cancelled": {"type": "cancelled", "reason": "client_cancelled"},
}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be answered, and how."""

    model: Model
    options: dict[str, Any]
    heard: list[dict[str, Any]]
    conversation_id: str | None
    metadata: dict[str, str]


class Reply:
    """A paid answer on its way to the client, who can stop it."""

    def __init__(self, spoken: Spoken, held: Hold, pause_s: float) -> None:
        self.spoken = spoken
        self.is_cancelled = False
        self._held = held
        self._pause_s = pause_s
        self._said = ""
        self._is_settled = False

    async def tell(self, send: Send) -> None:
        """Send the events of the answer."""
        response = self.spoken.response
        begun = response | {"status": "in_progress", "status_details": None, "output": [], "usage": None}
        await send("response.created", response=begun)
        for piece, event in realtime_events.steps(self.spoken):
            await asyncio.sleep(self._pause_s if piece else 0)
            if self.is_cancelled:
                break
            # What is handed over counts as produced, even if the reader is gone by then.
            self._said += piece
            await send(event.pop("type"), **event)
        self.settle()
        await send("response.done", response=self._finished())

    def settle(self) -> None:
        """Pay for what was said; a second time nothing happens."""
        if not self._is_settled:
            self._is_settled = True
            self._held.settle(self.spoken.count(self._said))

    def _finished(self) -> dict[str, Any]:
        response = self.spoken.response
        if self.is_cancelled:
            response |= {"status": "cancelled", "status_details": _DETAILS["cancelled"]}
            self.spoken.item["status"] = "incomplete"
        return response | {"output": [self.spoken.item], "usage": self._usage()}

    def _usage(self) -> dict[str, Any]:
        written, total = tokens.count(self._said), self.spoken.count(self._said)
        heard = self._held.prompt_tokens
        return {
            "total_tokens": heard + total,
            "input_tokens": heard,
            "output_tokens": total,
            "input_token_details": {"text_tokens": heard, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 0},
            "output_token_details": {"text_tokens": written, "audio_tokens": total - written},
        }


def begin(websocket: WebSocket, wish: Wish) -> Reply:
    """Return the answer to a wish, with its price held.

    Raises:
        VendorError: 401, the credential is void by now; 402, there is not enough money; 400, a bad tool choice.
    """
    account = vendor_account(websocket)
    options = JsonFields(wish.options)
    known = items.summarize(wish.heard)
    spoken = _speak(wish, tool_calls.choose(options, read_tools(options), known.open_prompt), known.last_prompt)
    asked = known.prompt_tokens + tokens.count(wish.options["instructions"]) + tool_calls.count(options)
    used = Tokens(prompt=asked, completion=spoken.count(spoken.text))
    held = metering.hold(store_of(websocket), account.id, wish.model, used)
    return Reply(spoken, held, sandbox_of(websocket).config.chunk_pause_ms / 1000)


def _speak(wish: Wish, tool: tool_calls.ToolCall | None, prompt: str) -> Spoken:
    most = wish.options["max_output_tokens"]
    said = answers.compose(prompt, Limits(max_tokens=None if most == "inf" else most))
    is_audio = tool is None and wish.options["output_modalities"] == ["audio"]
    is_whole = tool is not None or not said.was_clipped
    item = items.call(tool) if tool else items.say(said.text, is_whole=is_whole)
    if is_audio:
        item["content"] = [{"type": "output_audio", "transcript": said.text}]
    status = "completed" if is_whole else "incomplete"
    return Spoken(
        response=_response(wish) | {"status": status, "status_details": _DETAILS[status]},
        item=item | {"object": "realtime.item"},
        text=tool.written if tool else said.text,
        is_audio=is_audio,
        voice=wish.options["audio"]["output"]["voice"],
    )


def _response(wish: Wish) -> dict[str, Any]:
    return {
        "object": "realtime.response",
        "id": f"resp_{alnum(21)}",
        "conversation_id": wish.conversation_id,
        "output_modalities": wish.options["output_modalities"],
        "max_output_tokens": wish.options["max_output_tokens"],
        "audio": {"output": wish.options["audio"]["output"]},
        "metadata": wish.metadata or None,
    }

"""One realtime session: what was said, what is being answered, and how each event changes it."""

import asyncio
import base64
import binascii
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from oauth_app.sandbox import items, request_body, sound, sse
from oauth_app.sandbox.errors import VendorError
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.json_fields import JsonFields, read_object, refuse
from oauth_app.sandbox.pricing import Model
from oauth_app.sandbox.realtime_answer import Reply, Wish, begin
from oauth_app.sandbox.realtime_options import USUAL, read_options

_MOST_ITEMS: Final = 1_000
_MOST_SOUND_BYTES: Final = 15_000_000
_BYTES_PER_MS: Final = sound.RATE * 2 // 1000


class Talk:
    """Takes the client's events one by one; an answer is given beside them, so that it can be cancelled."""

    def __init__(self, websocket: WebSocket, model: Model) -> None:
        self._websocket = websocket
        self._model = model
        self._options: dict[str, Any] = dict(USUAL)
        self._session_id = f"sess_{alnum(21)}"
        self._conversation_id = f"conv_{alnum(21)}"
        self._items: dict[str, dict[str, Any]] = {}
        self._sound_bytes = 0
        self._reply: Reply | None = None
        self._answering: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Talk until the client leaves."""
        try:
            await self._send("session.created", session=self._session())
            while True:
                await self._take(await self._websocket.receive())
        except WebSocketDisconnect:
            pass
        finally:
            await self._hush()

    async def _hush(self) -> None:
        if self._reply and self._answering:
            self._answering.cancel()
            self._reply.settle()
            # What it could not send any more is nobody's loss.
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await self._answering

    async def _take(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect
        event_id: object = None
        try:
            fields = _read_event(message.get("text"))
            event_id = fields.values.get("event_id")
            handler = self._handlers().get(fields.text("type"))
            if handler is None:
                refuse("type", f"Invalid value: '{fields.text('type')[:64]}'.")
            await handler(fields)
        except VendorError as error:
            await self._refuse(error, event_id)

    def _handlers(self) -> dict[str, Callable[[JsonFields], Awaitable[None]]]:
        return {
            "session.update": self._update_session,
            "conversation.item.create": self._create_item,
            "conversation.item.retrieve": self._retrieve_item,
            "conversation.item.delete": self._delete_item,
            "input_audio_buffer.append": self._append_sound,
            "input_audio_buffer.commit": self._commit_sound,
            "input_audio_buffer.clear": self._clear_sound,
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
        }

    async def _update_session(self, fields: JsonFields) -> None:
        session = fields.nested("session")
        session.one_of("type", ("realtime",))
        self._options = read_options(session, self._options)
        await self._send("session.updated", session=self._session())

    async def _create_item(self, fields: JsonFields) -> None:
        given = fields.nested("item")
        item = items.read_item(given) | {"object": "realtime.item"}
        if given.values.get("id") is not None:
            item["id"] = given.text("id")
        if item["id"] in self._items:
            refuse("item.id", f"Item with id '{item['id'][:64]}' already exists.")
        await self._add(item)

    async def _retrieve_item(self, fields: JsonFields) -> None:
        await self._send("conversation.item.retrieved", item=self._find(fields))

    async def _delete_item(self, fields: JsonFields) -> None:
        item = self._find(fields)
        del self._items[item["id"]]
        await self._send("conversation.item.deleted", item_id=item["id"])

    async def _append_sound(self, fields: JsonFields) -> None:
        try:
            heard = base64.b64decode(fields.text("audio"), validate=True)
        except (binascii.Error, ValueError):
            refuse("audio", "Invalid 'audio': expected base64-encoded bytes.")
        if self._sound_bytes + len(heard) > _MOST_SOUND_BYTES:
            refuse("audio", "The input audio buffer is full.")
        self._sound_bytes += len(heard)

    async def _commit_sound(self, _fields: JsonFields) -> None:
        if not self._sound_bytes:
            text = "Error committing input audio buffer: the buffer is empty."
            raise VendorError(400, "invalid_request_error", text, code="input_audio_buffer_commit_empty")
        part = {"type": "input_audio", "transcript": f"{self._sound_bytes // _BYTES_PER_MS} ms of sound"}
        item = items.read_item(JsonFields({"role": "user", "content": [part]})) | {"object": "realtime.item"}
        self._sound_bytes = 0
        await self._send("input_audio_buffer.committed", item_id=item["id"], previous_item_id=self._last_id())
        await self._add(item)

    async def _clear_sound(self, _fields: JsonFields) -> None:
        self._sound_bytes = 0
        await self._send("input_audio_buffer.cleared")

    async def _create_response(self, fields: JsonFields) -> None:
        if self._answering and not self._answering.done():
            text = "Conversation already has an active response."
            raise VendorError(400, "invalid_request_error", text, code="conversation_already_has_active_response")
        wanted = fields.nested("response")
        given = [items.read_item(item) for item in wanted.objects("input")] if wanted.values.get("input") else None
        is_kept = wanted.one_of("conversation", ("auto", "none")) == "auto"
        wish = Wish(
            model=self._model,
            options=read_options(wanted, self._options),
            heard=[*self._items.values()] if given is None else given,
            conversation_id=self._conversation_id if is_kept else None,
            metadata=dict(wanted.nested("metadata").values),
        )
        self._reply = begin(self._websocket, wish)
        item = self._reply.spoken.item
        if is_kept and len(self._items) < _MOST_ITEMS:
            self._items[item["id"]] = item
        self._answering = asyncio.create_task(self._reply.tell(self._send))

    async def _cancel_response(self, _fields: JsonFields) -> None:
        if self._reply is None or self._answering is None or self._answering.done():
            text = "Cancellation failed: no active response found."
            raise VendorError(400, "invalid_request_error", text, code="response_cancel_not_active")
        self._reply.is_cancelled = True

    async def _add(self, item: dict[str, Any]) -> None:
        if len(self._items) >= _MOST_ITEMS:
            refuse("item", f"The conversation has {_MOST_ITEMS} items already.")
        before = self._last_id()
        self._items[item["id"]] = item
        await self._send("conversation.item.added", previous_item_id=before, item=item)
        await self._send("conversation.item.done", previous_item_id=before, item=item)

    def _find(self, fields: JsonFields) -> dict[str, Any]:
        item_id = fields.text("item_id")
        if item_id not in self._items:
            text = f"Item with id '{item_id[:64]}' does not exist."
            raise VendorError(404, "invalid_request_error", text, param="item_id", code="item_not_found")
        return self._items[item_id]

    def _last_id(self) -> str | None:
        return next(reversed(self._items), None)

    def _session(self) -> dict[str, Any]:
        fixed = {"type": "realtime", "object": "realtime.session", "id": self._session_id, "model": self._model.id}
        return fixed | self._options

    async def _refuse(self, error: VendorError, event_id: object) -> None:
        told = {"type": error.kind, "code": error.code, "message": error.text, "param": error.param}
        await self._send("error", error=told | {"event_id": event_id if isinstance(event_id, str) else None})

    async def _send(self, kind: str, **values: Any) -> None:  # noqa: ANN401 - the members differ by kind
        await self._websocket.send_text(sse.compact({"type": kind, "event_id": f"event_{alnum(21)}"} | values))


def _read_event(text: object) -> JsonFields:
    if not isinstance(text, str):
        refuse(None, "Events are sent as text.")
    try:
        return read_object(request_body.parse_json(text.encode()))
    except request_body.BodyError as error:
        raise VendorError(400, "invalid_request_error", str(error), code="invalid_json") from error

"""The events of talks over a WebSocket, as far as permission and price depend on them; all else passes unread."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import msgspec

from oauth_app.relay import errors
from oauth_app.relay.problems import Problem, write_problem
from oauth_app.relay.quantities import Tokens
from oauth_app.relay.routes import Dialect
from oauth_app.relay.usage_blocks import read_json, read_realtime
from oauth_app.relay.wishes import clean_model

Content = str | bytes

#: By these the caller changes or reads the talk; no answer follows from them.
_HARMLESS = frozenset(
    {
        "session.update",
        "conversation.item.create",
        "conversation.item.retrieve",
        "conversation.item.truncate",
        "conversation.item.delete",
        "input_audio_buffer.clear",
        "output_audio_buffer.clear",
        "response.cancel",
    }
)
#: How OpenAI's talks end an answer, and how its responses over a WebSocket do.
_LAST = frozenset({"response.done", "response.completed", "response.incomplete", "response.failed"})
_SOUND = "audio"

#: RFC 6455 7.4.1 and IANA's registry of close codes.
GOING_AWAY, POLICY, TOO_BIG, INTERNAL, BAD_GATEWAY = 1001, 1008, 1009, 1011, 1014
_CLOSE_CODES: dict[type[Exception], int] = {
    errors.IdleClientError: GOING_AWAY,
    errors.BodyTooLargeError: TOO_BIG,
    errors.LimitsAwayError: INTERNAL,
    errors.NoAnswerError: BAD_GATEWAY,
    errors.WrongAnswerError: BAD_GATEWAY,
    errors.LateAnswerError: BAD_GATEWAY,
}


class Part(Enum):
    """What an event of OhMyGPT's means for an answer."""

    NONE = auto()
    BEGIN = auto()
    TEXT = auto()
    SOUND = auto()
    END = auto()
    ERROR = auto()


class _Event(msgspec.Struct):
    type: Any = None
    model: Any = None
    session: Any = None
    response: Any = None
    response_id: Any = None
    delta: Any = None
    audio: Any = None
    error: Any = None


_NOTHING_TOLD = Tokens()
_DECODER = msgspec.json.Decoder(_Event)


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """An event of the caller's."""

    #: An answer may follow from it. So it may from whatever is not understood.
    may_begin: bool
    #: It asks for an answer itself.
    asks: bool
    #: How much Base64 of sound it holds; without any, how long it is.
    sound_bytes: int
    text_bytes: int
    #: Models that it names.
    models: tuple[str | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An event of OhMyGPT's."""

    part: Part = Part.NONE
    response_id: str = ""
    #: How many bytes were said in it.
    bytes: int = 0
    #: What an answer used, at its end; nothing where it does not say.
    tokens: Tokens = _NOTHING_TOLD
    #: OhMyGPT's name of an error.
    error: str = ""


def read_said(message: Content) -> Said:
    """Return what an event of the caller's means; a talk of another kind has none, and is not understood."""
    event = _parsed(message)
    length = _length(message)
    if event is None or not isinstance(event.type, str):
        return Said(may_begin=True, asks=False, sound_bytes=0, text_bytes=length, models=())
    sound = len(event.audio) if isinstance(event.audio, str) else 0
    named = (event.model, _member(event.session, "model"), _member(event.response, "model"))
    return Said(
        may_begin=event.type not in _HARMLESS,
        asks=event.type == "response.create",
        sound_bytes=sound,
        text_bytes=0 if sound else length,
        models=tuple(clean_model(model) for model in named if model is not None),
    )


def read_told(message: Content) -> Told:
    """Return what an event of OhMyGPT's means for an answer."""
    event = _parsed(message) or _Event()
    match event.type:
        case "response.created":
            told = Told(part=Part.BEGIN, response_id=_id_in(event))
        case "error":
            told = Told(part=Part.ERROR, error=_name_of(event.error))
        case str(kind) if kind in _LAST:
            told = Told(part=Part.END, response_id=_id_in(event), tokens=_tokens(message, kind))
        case str(kind) if kind.endswith(".delta") and isinstance(event.delta, str):
            told = _delta(event, kind)
        case _:
            told = Told()
    return told


def _delta(event: _Event, kind: str) -> Told:
    is_sound = _SOUND in kind and "transcript" not in kind
    said = len(event.delta) if is_sound else len(event.delta.encode(errors="replace"))
    return Told(part=Part.SOUND if is_sound else Part.TEXT, response_id=_id_in(event), bytes=said)


def cancel_event(response_id: str) -> str:
    """Return the event that ends an answer; OhMyGPT then tells what it used."""
    return msgspec.json.encode({"type": "response.cancel", "response_id": response_id}).decode()


def error_event(problem: Problem, dialect: Dialect, *, issuer: str, request_id: str) -> str:
    """Return an error as an event, in the dialect of the talk."""
    body = msgspec.json.decode(write_problem(problem, dialect, issuer=issuer))
    if dialect is Dialect.OPENAI:
        body = {"type": "error", "event_id": f"event_{request_id}", **body}
    return msgspec.json.encode(body).decode()


def close_code_of(error: Exception) -> int:
    """Return how a connection is closed after an error."""
    fallback = POLICY if isinstance(error, errors.RelayError) else INTERNAL
    return _CLOSE_CODES.get(type(error), fallback)


def _tokens(message: Content, kind: str) -> Tokens:
    if kind == "response.done" and isinstance(message, str):
        return read_realtime(message) or Tokens()
    return read_json(message.encode() if isinstance(message, str) else message)


def _id_in(event: _Event) -> str:
    found = event.response_id if event.response is None else _member(event.response, "id")
    return found if isinstance(found, str) else ""


def _name_of(error: object) -> str:
    name = _member(error, "type") or _member(error, "code")
    return name if isinstance(name, str) else ""


def _member(holder: object, name: str) -> Any:  # noqa: ANN401 - any JSON
    return holder.get(name) if isinstance(holder, dict) else None


def _length(message: Content) -> int:
    return len(message) if isinstance(message, bytes) else len(message.encode(errors="replace"))


def _parsed(message: Content) -> _Event | None:
    try:
        return _DECODER.decode(message)
    except (ValueError, RecursionError):
        return None

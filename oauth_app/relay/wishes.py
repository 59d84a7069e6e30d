"""What a request asks for, as far as permission and price depend on it."""

from typing import Any
from urllib.parse import parse_qsl

import msgspec

from oauth_app.relay.references import NO_REFERENCES, References

_MODEL_CHARS = 128
_WORD_CHARS = 32
_NUMBER_CHARS = 15
#: OpenAI takes no more in one call.
_MOST_PROMPTS = 2048
#: A larger number is no number of tokens; the column would not hold it.
_MOST = 1 << 40


ABSENT = msgspec.Raw(b"")


class Fields(msgspec.Struct, frozen=True):
    """The top level of a body: what is read of it, in every vendor's spelling. All else is skipped."""

    model: Any = None
    stream: Any = None
    background: Any = None
    stream_options: Any = msgspec.UNSET
    #: The most tokens of an answer: OpenAI's newer and older names, the responses API's, and Anthropic's of old.
    max_completion_tokens: Any = None
    max_tokens: Any = None
    max_output_tokens: Any = None
    max_tokens_to_sample: Any = None
    n: Any = None
    best_of: Any = None
    num_outputs: Any = None
    size: Any = None
    quality: Any = None
    #: How fast a task is to be done.
    type: Any = None
    #: Several texts in one call.
    prompt: msgspec.Raw = ABSENT
    #: What was said before and is not in the body.
    previous_response_id: msgspec.Raw = ABSENT
    conversation: msgspec.Raw = ABSENT
    #: Who speaks, and what; ``input`` is long where nobody speaks.
    voice: Any = None
    voiceShortName: Any = None  # noqa: N815 - the wire's spelling
    input: msgspec.Raw = ABSENT
    text: msgspec.Raw = ABSENT


FIELD_NAMES = frozenset(Fields.__struct_fields__)
#: They can be long, and few need what stands in them.
UNDECODED = frozenset({"prompt", "previous_response_id", "conversation", "input", "text"})


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What one request asks for; None is not said."""

    model: str | None = None
    #: The most tokens that each choice may have.
    output_limit: int | None = None
    #: How many answers, or pictures.
    choices: int = 1
    #: How many texts, each of which is answered.
    prompts: int = 1
    #: How many pictures it shows at most.
    pictures: int = 0
    #: It names what the vendor keeps or fetches, so its length says nothing.
    is_open: bool = False
    #: Bytes of files that are written into it; a model counts them otherwise than words.
    embedded_bytes: int = 0
    is_stream: bool = False
    #: The answer is made later, and this call does not see it.
    is_background: bool = False
    #: It says something about ``stream_options``, so nothing may be added.
    has_stream_options: bool = False
    #: ``stream_options.include_usage`` is true: the caller itself wants to see the usage.
    asks_usage: bool = False
    size: str | None = None
    #: Of a picture; of a task, its kind.
    quality: str | None = None
    #: Of the text that a voice is to say.
    characters: int | None = None
    #: False: another server may read something else in it, so it cannot be held against a list of allowed models.
    is_understood: bool = True


#: For what nobody can be sure about.
UNCLEAR = Wish(is_understood=False)
#: For requests that have no body.
NOTHING = Wish()


def wish_of(fields: Fields, references: References = NO_REFERENCES) -> Wish:
    """Return the wish in the top level of a body, with what was noticed below it."""
    named = fields.model
    model = clean_model(named)
    options = fields.stream_options
    return Wish(
        model=model,
        output_limit=_largest(
            fields.max_tokens, fields.max_completion_tokens, fields.max_output_tokens, fields.max_tokens_to_sample
        ),
        choices=_largest(fields.n, fields.best_of, fields.num_outputs) or 1,
        prompts=1 if fields.prompt is ABSENT else _prompts(bytes(fields.prompt)),
        pictures=references.pictures,
        embedded_bytes=references.embedded_bytes,
        is_open=references.is_open or _is_given(fields.previous_response_id) or _is_given(fields.conversation),
        is_stream=fields.stream is True or fields.stream in {"true", "1"},
        is_background=fields.background is True,
        has_stream_options=options is not msgspec.UNSET,
        asks_usage=isinstance(options, dict) and options.get("include_usage") is True,
        size=_word(fields.size),
        quality=_word(fields.quality if fields.quality is not None else fields.type),
        characters=_spoken_characters(fields),
        is_understood=named is None or model is not None,
    )


def wish_of_query(query: bytes) -> Wish:
    """Return the wish of a request whose model stands in its address, as Realtime's does; what it will say is open."""
    models = {value for name, value in parse_qsl(query.decode("latin-1")) if name == "model"}
    if len(models) > 1:
        return UNCLEAR
    return wish_of(Fields(model=next(iter(models))), References(is_open=True)) if models else NOTHING


def clean_model(model: object) -> str | None:
    """Return a name that every database takes: no control characters, no half characters, not too long."""
    return model if isinstance(model, str) and 0 < len(model) <= _MODEL_CHARS and model.isprintable() else None


def _largest(*values: object) -> int | None:
    largest = None
    for value in values:
        if value is not None and (count := _count(value)) is not None and (largest is None or count > largest):
            largest = count
    return largest


def _count(value: object) -> int | None:
    """Return a whole number: forms write digits, and JSON may write 5.0."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _NUMBER_CHARS:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _MOST:
        return None
    return int(value)


def _word(value: object) -> str | None:
    return value.lower() if isinstance(value, str) and 0 < len(value) <= _WORD_CHARS and value.isprintable() else None


def _is_given(written: msgspec.Raw) -> bool:
    return written is not ABSENT and bytes(written) != b"null"


def _prompts(written: bytes) -> int:
    """Return how many prompts there are at most; a list that is cut has as many as a call may have."""
    if not written.startswith(b"["):
        return 1
    return min(written.count(b",") + 1, _MOST_PROMPTS) if written.endswith(b"]") else _MOST_PROMPTS


def _spoken_characters(fields: Fields) -> int | None:
    if fields.voice is None and fields.voiceShortName is None:
        return None
    try:
        said = msgspec.json.decode(fields.input if _is_given(fields.input) else fields.text)
    except (ValueError, RecursionError):
        return None  # there is none, or only its beginning was held
    return len(said) if isinstance(said, str) else None

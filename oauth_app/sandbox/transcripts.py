"""Recordings to text: nobody listens, the text tells the name and the size of the file."""

from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from oauth_app.sandbox import request_body, sound, tokens
from oauth_app.sandbox.errors import VendorError
from oauth_app.sandbox.json_fields import JsonFields, refuse
from oauth_app.sandbox.request_body import Upload

FORMATS: Final = ("json", "text", "srt", "verbose_json", "vtt")


@dataclass(frozen=True, kw_only=True)
class Recording:
    """An uploaded file and what is made of it."""

    name: str
    size_bytes: int
    duration_ms: int

    @property
    def seconds(self) -> int:
        """What is paid for: begun seconds."""
        return -(-self.duration_ms // 1000) or 1

    @property
    def sentences(self) -> list[str]:
        """The text, sentence by sentence."""
        return [
            "This is the OhMyGPT sandbox: nobody listened.",
            f"The file “{self.name}” has {self.size_bytes} bytes.",
        ]

    @property
    def text(self) -> str:
        """The whole text."""
        return " ".join(self.sentences)

    def spans(self) -> list[tuple[int, int, str]]:
        """Return each sentence with its beginning and end in milliseconds."""
        half = self.duration_ms // 2
        return [(0, half, self.sentences[0]), (half, self.duration_ms, self.sentences[1])]


async def read_recording(request: Request) -> tuple[JsonFields, Recording]:
    """Return the fields and the file of a request.

    Raises:
        VendorError: 400, no multipart body, or no file in it.
    """
    try:
        pairs = await request_body.parse_pairs(request)
    except request_body.BodyError as error:
        raise VendorError(400, "invalid_request_error", str(error)) from error
    file = dict(pairs).get("file")
    if not isinstance(file, Upload):
        refuse("file", "Missing required parameter: 'file'.")
    if not file.content:
        refuse("file", "The audio file is empty.")
    name = (file.filename or "file")[:200]
    recording = Recording(name=name, size_bytes=len(file.content), duration_ms=sound.duration_ms(file.content))
    return JsonFields(_texts(pairs)), recording


def _texts(pairs: list[tuple[str, str | Upload]]) -> dict[str, Any]:
    """Return the text fields; those that end in brackets are lists, and a stream is wanted or not."""
    fields: dict[str, Any] = {name: value for name, value in pairs if isinstance(value, str)}
    for name in {name for name in fields if name.endswith("[]")}:
        fields[name[:-2]] = [value for other, value in pairs if other == name and isinstance(value, str)]
    stream = fields.get("stream")
    return fields | {"stream": {"true": True, "false": False}.get(stream, stream) if stream else None}


def plain_answer(recording: Recording, wanted: str) -> Response:
    """Return the text in one of the formats that are no JSON."""
    match wanted:
        case "srt":
            blocks = [
                f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{text}\n"
                for number, (start, end, text) in enumerate(recording.spans(), 1)
            ]
            return PlainTextResponse("\n".join(blocks))
        case "vtt":
            cues = [f"{_clock(start, '.')} --> {_clock(end, '.')}\n{text}\n" for start, end, text in recording.spans()]
            return PlainTextResponse("\n".join(["WEBVTT\n", *cues]), media_type="text/vtt")
        case _:
            return PlainTextResponse(f"{recording.text}\n")


def verbose_answer(recording: Recording, task: str, language: str) -> dict[str, Any]:
    """Return the text with its segments."""
    return {
        "task": task,
        "language": language,
        "duration": recording.duration_ms / 1000,
        "text": recording.text,
        "segments": [_segment(number, *span) for number, span in enumerate(recording.spans())],
        "usage": duration_usage(recording),
    }


def words(recording: Recording) -> list[dict[str, Any]]:
    """Return each word with its time."""
    spoken = recording.text.split()
    step = recording.duration_ms / 1000 / len(spoken)
    return [
        {"word": word, "start": round(index * step, 3), "end": round((index + 1) * step, 3)}
        for index, word in enumerate(spoken)
    ]


def duration_usage(recording: Recording) -> dict[str, Any]:
    """Return the usage of models that are paid by the second."""
    return {"type": "duration", "seconds": recording.seconds}


def token_usage(recording: Recording) -> dict[str, Any]:
    """Return the usage of models that count tokens; a second of sound is ten."""
    heard, said = recording.seconds * 10, tokens.count(recording.text)
    return {
        "type": "tokens",
        "input_tokens": heard,
        "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
        "output_tokens": said,
        "total_tokens": heard + said,
    }


def _segment(number: int, start_ms: int, end_ms: int, text: str) -> dict[str, Any]:
    return {
        "id": number,
        "seek": 0,
        "start": start_ms / 1000,
        "end": end_ms / 1000,
        "text": text,
        "tokens": list(text.encode()[:8]),
        "temperature": 0.0,
        "avg_logprob": 0.0,
        "compression_ratio": 1.0,
        "no_speech_prob": 0.0,
    }


def _clock(moment_ms: int, mark: str) -> str:
    seconds, thousandths = divmod(moment_ms, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}{mark}{thousandths:03d}"

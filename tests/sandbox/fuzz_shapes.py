"""What an answer must look like, by the address alone."""

import json
import re
from typing import Any, Final

Received = tuple[int, dict[str, str], bytes]

_VENDOR: Final = ("/v1/", "/api/v1/ai/openai/")
_ENVELOPES: Final = ("/api/", "/_sandbox/")
_ANTHROPIC: Final = re.compile(r"(/api/v1/ai/openai/(cc|codex)-omg)?/v1/(messages(/.*)?|complete)")
_STRIPE: Final = ("/stripe/v1/", "/_sandbox/stripe/")


def wrong_shape(method: str, path: str, received: Received) -> str:
    """Return what is wrong with an answer, or nothing."""
    status, headers, body = received
    if status >= 500:
        return f"status {status}: {body[:300]!r}"
    if method == "HEAD" or status in {204, 304}:
        return "a body where none may be" if body else ""
    is_json = headers.get("content-type", "").startswith("application/json")
    return _wrong_text(path, status, body) if is_json else _wrong_other(path, received)


def _wrong_text(path: str, status: int, body: bytes) -> str:
    try:
        value = json.loads(body, parse_constant=_refuse)
    except ValueError as error:
        return f"not JSON: {error}"
    return _wrong_json(path, status, value)


def _wrong_other(path: str, received: Received) -> str:
    status, headers, body = received
    kind = headers.get("content-type", "")
    if 300 <= status < 400:
        return "" if headers.get("location") else "a redirect to nowhere"
    if status < 400:
        return "" if kind or not body else "content without a type"
    is_page = not path.startswith((*_VENDOR, *_ENVELOPES, "/stripe/v1/"))
    return "" if is_page and kind.startswith("text/html") else f"a refusal as {kind}: {body[:100]!r}"


def _wrong_json(path: str, status: int, value: Any) -> str:  # noqa: ANN401 - any JSON value
    if path.startswith(_VENDOR):
        return _wrong_vendor(path, status, value)
    if path.startswith(_STRIPE) and "statusCode" not in value:
        return "" if status < 400 or _has_texts(value.get("error"), "type", "message") else f"not Stripe's: {value}"
    if status >= 400 or (isinstance(value, dict) and "statusCode" in value):
        return _wrong_envelope(value)
    return ""


def _wrong_vendor(path: str, status: int, value: Any) -> str:  # noqa: ANN401 - any JSON value
    if status < 400:
        return "" if isinstance(value, dict) else "no object"
    if not _has_texts(value.get("error"), "type", "message"):
        return f"not the vendor's error: {value}"
    is_anthropic = _ANTHROPIC.fullmatch(path) is not None
    return f"the other vendor's error: {value}" if is_anthropic is not (value.get("type") == "error") else ""


def _wrong_envelope(value: Any) -> str:  # noqa: ANN401 - any JSON value
    code = value.get("statusCode") if isinstance(value, dict) else None
    if not isinstance(code, int) or code >= 500 or not isinstance(value.get("message"), str):
        return f"no envelope: {str(value)[:300]}"
    return "" if code == 200 or _has_texts(value, "errorType") else f"a refusal without errorType: {value}"


def _has_texts(value: object, *names: str) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in names)


def _refuse(name: str) -> None:
    raise ValueError(name)

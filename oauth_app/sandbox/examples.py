"""A curl line to try for each operation of the developer page."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from oauth_app.sandbox.families import Family, family_of

_HELLO: Final = [{"role": "user", "content": "Hello"}]
_CHAT: Final = {"model": "gpt-4o-mini", "messages": _HELLO}
_CLAUDE: Final = {"model": "claude-sonnet-4-6", "max_tokens": 100, "messages": _HELLO}
_RESPONSE: Final = {"model": "gpt-4o-mini", "input": "Hello"}
_ORDER: Final = {"amount": "20"}
_RETURN: Final = {"success_url": "http://127.0.0.1:8000/", "cancel_url": "http://127.0.0.1:8000/"}
_FLUX: Final = {"prompt": "a lighthouse"}

#: What is sent as JSON; an operation that is not here gets an empty object.
_BODIES: Final[dict[str, dict[str, Any]]] = {
    "/api/v1/user/oauth/issue-token": {"client_id": "…", "client_secret": "…", "code": "…"},
    "/api/v1/user/oauth/app/charge-user-fee": {"fee": "1.50", "remark": "try"},
    "/api/v1/user/oauth/app/create-stripe-checkout-order": _ORDER | _RETURN,
    "/api/v1/user/oauth/app/create-stripe-invoice-order": _ORDER,
    "/api/v1/user/admin/new-api-token": {"remark": "try", "max_fee": "0"},
    "/api/v1/user/admin/update-api-token": {"key": "sk-…", "is_disabled": True},
    "/api/v1/user/admin/del-api-token": {"key": "sk-…"},
    "/api/v1/user/files/update": {"fileUniqueId": "…", "filename": "b.txt"},
    "/api/v1/user/files/delete": {"fileUniqueId": "…"},
    "/api/v1/user/files/query": {"page": 1, "pageSize": 10},
    "/api/v1/openapi/search/serper/v1": {"q": "sandbox"},
    "/api/v1/ai/azure/tts": {"voiceShortName": "en-US-JennyNeural", "text": "Hello"},
    "/v1/chat/completions": _CHAT,
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": "Hello"},
    "/v1/responses": _RESPONSE,
    "/v1/completions": {"model": "gpt-3.5-turbo-instruct", "prompt": "Hello"},
    "/v1/moderations": {"input": "Hello"},
    "/v1/audio/speech": {"model": "tts-1", "input": "Hello", "voice": "alloy", "response_format": "wav"},
    "/v1/messages": _CLAUDE,
    "/v1/messages/count_tokens": _CLAUDE,
    "/v1/complete": {
        "model": "claude-sonnet-4-6",
        "prompt": "\n\nHuman: Hello\n\nAssistant:",
        "max_tokens_to_sample": 50,
    },
    "/api/v1/ai/openai/cc-omg/v1/messages": _CLAUDE,
    "/api/v1/ai/openai/cc-omg/v1/messages/count_tokens": _CLAUDE,
    "/api/v1/ai/openai/cc-omg/v1/chat/completions": _CHAT,
    "/api/v1/ai/openai/codex-omg/v1/responses": _RESPONSE,
    "/api/v1/ai/draw/mj/imagine": {"model": "midjourney", "prompt": "a lighthouse --ar 3:2"},
    "/api/v1/ai/draw/mj/query": {"model": "midjourney", "taskId": 1},
    "/api/v1/ai/draw/mj/query-mj-tasks": {"model": "midjourney", "page": 1},
    "/api/v1/ai/draw/flux/schnell": _FLUX,
    "/api/v1/ai/draw/flux/dev": _FLUX,
    "/api/v1/ai/draw/flux/pro": _FLUX,
    "/api/v1/ai/draw/flux/pro-11": _FLUX,
    "/api/v1/ai/draw/flux/pro-ultra-11": _FLUX,
    "/api/v1/ai/draw/nd/imagine": _FLUX,
}

#: What is sent in other forms.
_OTHERS: Final = {
    "/api/v1/user/files/upload": "-F file=@a.txt -F filename=a.txt -F purpose=0",
    "/v1/audio/transcriptions": "-F file=@a.wav -F model=whisper-1",
    "/v1/audio/translations": "-F file=@a.wav -F model=whisper-1",
    "/stripe/v1/customers": "-d email=a@example.com",
    "/stripe/v1/checkout/sessions": "-d mode=payment -d success_url=http://127.0.0.1:8000/ "
    "-d 'line_items[0][quantity]=1' -d 'line_items[0][price_data][currency]=usd' "
    "-d 'line_items[0][price_data][unit_amount]=500' -d 'line_items[0][price_data][product_data][name]=Units'",
}
_QUERIES: Final = {"/api/v1/openapi/search/google-search/v1": "?q=sandbox"}

_GROUPS: Final = (
    ("Sign-in and billing", ("/next/", "/api/v1/user/oauth/")),
    ("Management", ("/api/v1/user/admin/", "/api/v1/pay/")),
    ("Files", ("/api/v1/user/files/", "/api/v1/f/")),
    ("Search and Azure", ("/api/v1/openapi/", "/api/v1/ai/azure/")),
    ("Pictures", ("/api/v1/ai/draw/", "/api/v1/content/")),
    ("Gateways for command-line programs", ("/api/v1/ai/openai/",)),
    ("Anthropic", ("/v1/messages", "/v1/complete")),
    ("OpenAI", ("/v1/",)),
    ("Stripe", ("/stripe/",)),
    ("Others", ("/",)),
)


@dataclass(frozen=True, kw_only=True)
class Example:
    """An operation as the page shows it."""

    method: str
    path: str
    does: str
    provenance: str
    curl: str


def grouped(operations: Iterable[tuple[str, str, str, str]], origin: str) -> list[tuple[str, list[Example]]]:
    """Return the operations by their areas, each with a line to try."""
    examples = [
        Example(method=method, path=path, does=does, provenance=provenance, curl=_curl(method, path, origin))
        for method, path, does, provenance in operations
    ]
    in_order = sorted(examples, key=_place)
    return [(_GROUPS[place][0], list(group)) for place, group in groupby(in_order, key=_place)]


def _place(example: Example) -> int:
    path = example.path
    if path.startswith("/v1/completions"):
        path = "/v1/"
    return next(place for place, (_, starts) in enumerate(_GROUPS) if path.startswith(starts))


def _curl(method: str, path: str, origin: str) -> str:
    parts = ["curl", f"{origin}{path}{_QUERIES.get(path, '')}", _credential(path), _body(method, path)]
    if method != ("POST" if parts[-1] else "GET"):
        parts.insert(1, f"-X {method}")
    return " ".join(part for part in parts if part)


def _credential(path: str) -> str:
    match family_of(path):
        case Family.STRIPE:
            return "-u $STRIPE_KEY:"
        case Family.PAGE:
            return ""
    if path.startswith(("/api/v1/f/pub/", "/api/v1/content/")) or path.endswith("/issue-token"):
        return ""
    return f'-H "Authorization: Bearer {"$KEY" if "/user/admin/" in path else "$TOKEN"}"'


def _body(method: str, path: str) -> str:
    if method != "POST" or path in _OTHERS:
        return _OTHERS.get(path, "") if method == "POST" else ""
    if family_of(path) is Family.STRIPE:
        return ""
    body = json.dumps(_BODIES.get(path, {}), ensure_ascii=False)
    return f"-H 'Content-Type: application/json' -d '{body}'"

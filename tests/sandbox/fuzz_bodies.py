"""A good body for many operations, from which the fuzz run makes wrong ones; an operation without one is fuzzed, too.

``IDREF0X`` to ``IDREF9X`` stand for identifiers that the sandbox has given out, ``KINDcusX`` for the latest that
begins with ``cus_``, ``CSRFREF`` for the guard of a form.
"""

from typing import Final

from oauth_app.sandbox.config import DUMMY_CLIENT_ID, DUMMY_CLIENT_SECRET

_CHAT: Final = {
    "model": "gpt-4o-mini",
    "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}],
    "tool_choice": "auto",
    "store": True,
    "n": 2,
    "max_tokens": 9,
    "stop": ["a"],
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
}
_MESSAGES: Final = {
    "model": "claude-sonnet-4-6",
    "max_tokens": 50,
    "system": "s",
    "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {"a": {"type": "string"}}}}],
    "tool_choice": {"type": "any"},
    "stop_sequences": ["x"],
    "stream": True,
}
_PRICE: Final = {"currency": "usd", "unit_amount": "500", "product_data": {"name": "Units"}}
_KEY: Final = {"remark": "r", "expired_at": "2030-01-01T00:00:00", "max_fee": "10", "permissions": ["gpt-4o-mini"]}
_FILE: Final = {"fileUniqueId": "KINDfileX", "filename": "a.txt", "is_public": "true", "tags": ["a"], "purpose": "0"}
_ORDER: Final = {"amount": "20", "success_url": "http://127.0.0.1/s", "cancel_url": "http://127.0.0.1/c"}
_SIGN: Final = {"csrf": "CSRFREF", "email": "alice@example.com", "password": "sandbox", "decision": "approve"}
_PICTURE: Final = "data:image/png;base64,iVBORw0KGgo="
_RESPONSE: Final = {
    "model": "gpt-4o-mini",
    "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
    "instructions": "i",
    "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
    "text": {"format": {"type": "json_object"}},
    "background": False,
    "store": True,
    "stream": True,
    "max_output_tokens": 20,
}
_FLUX: Final = {"prompt": "a", "seed": 7, "output_format": "png"}
_IMAGE: Final = {"model": "gpt-image-1", "prompt": "a", "n": 1, "size": "1024x1024"}
_SOUND: Final = {"model": "whisper-1", "file": b"RIFF....WAVEfmt ", "response_format": "verbose_json", "language": "en"}

BODIES: Final[dict[str, dict[str, object]]] = {
    "/sandbox/sign-in": _SIGN,
    "/sandbox/sign-out": _SIGN,
    "/next/v1/oauth": _SIGN,
    "/api/v1/user/oauth/issue-token": {"client_id": DUMMY_CLIENT_ID, "client_secret": DUMMY_CLIENT_SECRET, "code": "x"},
    "/api/v1/user/oauth/app/charge-user-fee": {"fee": "1.50", "remark": "r"},
    "/api/v1/user/oauth/app/create-stripe-checkout-order": _ORDER,
    "/api/v1/user/oauth/app/create-stripe-invoice-order": _ORDER,
    "/api/v1/user/admin/new-api-token": _KEY,
    "/api/v1/user/admin/update-api-token": _KEY | {"key": "KINDskX", "is_disabled": "false"},
    "/api/v1/user/admin/del-api-token": {"key": "KINDskX"},
    "/api/v1/user/files/upload": _FILE | {"file": b"content", "expires_at": "2030-01-01"},
    "/api/v1/user/files/update": _FILE | {"unset_expires_at": "true"},
    "/api/v1/user/files/delete": _FILE,
    "/api/v1/user/files/query": {"page": "1", "pageSize": "10", "purpose": "0", "tags": ["a"]},
    "/api/v1/openapi/search/serper/v1": {"q": "x", "num": "10", "page": "2", "gl": "us", "hl": "en"},
    "/api/v1/ai/azure/tts": {"voiceShortName": "zh-CN-XiaoxiaoNeural", "text": "hi", "rate": "1.5", "pitch": "1"},
    "/v1/chat/completions": _CHAT,
    "/v1/messages": _MESSAGES,
    "/v1/messages/count_tokens": _MESSAGES,
    "/api/v1/ai/openai/cc-omg/v1/messages": _MESSAGES,
    "/api/v1/ai/openai/cc-omg/v1/messages/count_tokens": _MESSAGES,
    "/api/v1/ai/openai/cc-omg/v1/chat/completions": _CHAT | {"stream": True, "stream_options": {"include_usage": True}},
    "/api/v1/ai/openai/codex-omg/v1/responses": _RESPONSE | {"previous_response_id": "KINDrespX"},
    "/v1/images/generations": _IMAGE,
    "/v1/images/edits": _IMAGE | {"image": b"\x89PNG\r\n"},
    "/v1/complete": {"model": "claude-sonnet-4-6", "prompt": "\n\nHuman: a\n\nAssistant:", "max_tokens_to_sample": 9},
    "/v1/completions": {"model": "gpt-3.5-turbo-instruct", "prompt": ["a", "b"], "n": 2, "echo": True, "stream": True},
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": ["a"], "dimensions": 8, "encoding_format": "base64"},
    "/v1/moderations": {"model": "omni-moderation-latest", "input": [{"type": "text", "text": "a"}]},
    "/v1/audio/speech": {"model": "tts-1", "input": "a", "voice": "alloy", "response_format": "wav", "speed": 1.5},
    "/v1/audio/transcriptions": _SOUND | {"timestamp_granularities[]": "word", "stream": "true"},
    "/v1/audio/translations": _SOUND,
    "/v1/responses": _RESPONSE,
    "/v1/conversations": {"items": _RESPONSE["input"], "metadata": {"a": "b"}},
    "/v1/conversations/{conversation}": {"metadata": {"a": "b"}},
    "/v1/conversations/{conversation}/items": {"items": _RESPONSE["input"]},
    "/api/v1/ai/draw/mj/imagine": {"model": "midjourney", "prompt": "a --ar 1:2", "type": "FAST"},
    "/api/v1/ai/draw/mj/action": {"model": "midjourney", "taskId": 1, "customId": "IDREF0X", "base64Mask": _PICTURE},
    "/api/v1/ai/draw/mj/blend": {"model": "midjourney", "base64Array": [_PICTURE, _PICTURE], "dimensions": "SQUARE"},
    "/api/v1/ai/draw/mj/describe": {"model": "midjourney", "base64": _PICTURE},
    "/api/v1/ai/draw/mj/query": {"model": "midjourney", "taskId": 1},
    "/api/v1/ai/draw/mj/query-mj-tasks": {"model": "midjourney", "page": 1, "pageSize": 5},
    **{f"/api/v1/ai/draw/flux/{name}": _FLUX for name in ("schnell", "dev", "pro", "pro-11", "pro-ultra-11")},
    "/api/v1/ai/draw/nd/imagine": {"prompt": "a", "size": "64x64", "response_format": "b64_json"},
    "/stripe/v1/customers": {"email": "a@example.com", "metadata": {"a": "b"}, "address": {"city": "c"}},
    "/stripe/v1/checkout/sessions": {
        "mode": "payment",
        "success_url": "http://127.0.0.1/s?x={CHECKOUT_SESSION_ID}",
        "customer": "KINDcusX",
        "line_items": {"0": {"price_data": _PRICE, "quantity": "2"}},
        "payment_intent_data": {"metadata": {"a": "b"}},
        "expand": {"0": "line_items"},
    },
    "/stripe/v1/invoices": {"customer": "KINDcusX", "collection_method": "send_invoice", "days_until_due": "3"},
    "/stripe/v1/invoiceitems": {"customer": "KINDcusX", "amount": "500", "currency": "usd", "description": "d"},
    "/stripe/v1/refunds": {"payment_intent": "KINDpiX", "amount": "1", "reason": "duplicate"},
    "/stripe/v1/webhook_endpoints": {"url": "http://127.0.0.1:9/hook", "enabled_events": {"0": "*"}},
    "/_sandbox/faults": {"match": "/x", "kind": "slow", "seconds": 1, "times": 1},
    "/_sandbox/accounts/{email}": {"balance": "1.50", "free_balance": "0.10"},
    "/_sandbox/tokens": {"email": "alice@example.com"},
    "/_sandbox/tokens/revoke": {"email": "carol@example.com"},
}

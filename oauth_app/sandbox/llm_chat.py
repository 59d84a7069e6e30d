"""``POST /v1/chat/completions``: OpenAI's chat, at once or as a stream."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import chat_shapes, chat_store, metering, sse
from oauth_app.sandbox.chat_call import ChatCall, read_call
from oauth_app.sandbox.context import sandbox_of, store_of
from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.json_fields import read_json_fields
from oauth_app.sandbox.kept import Shelf
from oauth_app.sandbox.metering import Meter, MeteredStream
from oauth_app.sandbox.pricing import Tokens
from oauth_app.sandbox.vendor_paths import priced


async def chat_completions(request: Request) -> Response:
    """Answer a chat."""
    shelf = Shelf(store_of(request), vendor_account(request).id)
    call = read_call(await read_json_fields(request))
    used = Tokens(prompt=call.prompt_tokens, completion=call.completion_tokens)
    held = metering.hold(shelf.store, shelf.account_id, priced(request, call.model), used)
    completion = chat_shapes.complete(call)
    if call.is_stream:
        meter = Meter(held)
        pause_s = sandbox_of(request).config.chunk_pause_ms / 1000
        return MeteredStream(_events(call, completion, shelf, meter, pause_s), meter)
    held.settle(call.completion_tokens)
    chat_store.keep(call, completion, shelf)
    return JSONResponse(completion)


async def _events(
    call: ChatCall, completion: dict[str, Any], shelf: Shelf, meter: Meter, pause_s: float
) -> AsyncIterator[str]:
    for produced, chunk in chat_shapes.chunks(call, completion):
        await asyncio.sleep(pause_s if produced > meter.completion_tokens else 0)
        # What is handed over counts as produced, even if the reader is gone by then.
        meter.completion_tokens = produced
        yield sse.unnamed(chunk)
    chat_store.keep(call, completion, shelf)
    yield sse.DONE


ROUTES: Final = (Route("/v1/chat/completions", chat_completions, methods=["POST"]),)

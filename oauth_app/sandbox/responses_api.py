"""``/v1/responses``: OpenAI's newer interface, at once, as a stream or in the background."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from oauth_app.sandbox import answers, listing, metering, response_call, response_events, sse, tokens
from oauth_app.sandbox.clock import now_ms
from oauth_app.sandbox.context import sandbox_of, store_of
from oauth_app.sandbox.credentials import vendor_account
from oauth_app.sandbox.json_fields import read_json_fields, refuse
from oauth_app.sandbox.kept import Kept, Shelf
from oauth_app.sandbox.metering import Meter, MeteredStream
from oauth_app.sandbox.pricing import Tokens
from oauth_app.sandbox.response_call import ResponseCall
from oauth_app.sandbox.vendor_paths import priced


async def create(request: Request) -> Response:
    """Respond to an input."""
    shelf = _shelf(request)
    call = response_call.read_call(await read_json_fields(request), shelf)
    used = Tokens(prompt=call.prompt_tokens, completion=call.output_tokens)
    held = metering.hold(shelf.store, shelf.account_id, priced(request, call.model), used)
    response = response_call.respond(call)
    if call.is_stream:
        meter = Meter(held)
        return MeteredStream(_events(call, response, shelf, meter, _pause_s(request)), meter)
    held.settle(call.output_tokens)
    pieces = len(answers.pieces(call.answer.text)) if call.is_background else 0
    _keep(call, response, shelf, ready_at_ms=now_ms() + round(pieces * _pause_s(request) * 1000))
    return JSONResponse(response_events.started(response, "queued") if call.is_background else response)


async def retrieve(request: Request) -> Response:
    """Show a stored response, as it is now or as the stream it was."""
    kept = _find(request)
    query = request.query_params
    if query.get("stream") != "true":
        return JSONResponse(_as_of_now(kept))
    after = query.get("starting_after", "-1")
    if not after.removeprefix("-").isdecimal() or len(after) > 9:
        refuse("starting_after", "Invalid type for 'starting_after': expected an integer.")
    events = [event for _, event in response_events.steps(kept["response"]) if event["sequence_number"] > int(after)]
    return StreamingResponse((sse.named(event) for event in events), media_type="text/event-stream")


async def delete(request: Request) -> Response:
    """Forget a stored response."""
    response = _find(request)["response"]
    _shelf(request).drop(Kept.RESPONSE, response["id"])
    return JSONResponse({"id": response["id"], "object": "response", "deleted": True})


async def cancel(request: Request) -> Response:
    """Stop a response in the background; one that is finished stays as it is."""
    kept = _find(request)
    response = kept["response"]
    if not response["background"]:
        refuse("id", "Cannot cancel a synchronous response.")
    if now_ms() < kept["ready_at_ms"]:
        kept |= {"response": response_events.started(response, "cancelled"), "ready_at_ms": 0}
        _shelf(request).put(Kept.RESPONSE, response["id"], kept)
    return JSONResponse(kept["response"])


async def input_items(request: Request) -> Response:
    """List what a stored response was asked."""
    return JSONResponse(listing.listed(request, _find(request)["input"], "desc"))


def _shelf(request: Request) -> Shelf:
    return Shelf(store_of(request), vendor_account(request).id)


def _pause_s(request: Request) -> float:
    return sandbox_of(request).config.chunk_pause_ms / 1000


def _find(request: Request) -> dict[str, Any]:
    response_id = request.path_params["response"]
    kept = _shelf(request).find(Kept.RESPONSE, response_id)
    if kept is None:
        listing.refuse_unknown("Response", response_id)
    return kept


def _as_of_now(kept: dict[str, Any]) -> dict[str, Any]:
    response: dict[str, Any] = kept["response"]
    return response_events.started(response, "in_progress") if now_ms() < kept["ready_at_ms"] else response


def _keep(call: ResponseCall, response: dict[str, Any], shelf: Shelf, ready_at_ms: int = 0) -> None:
    if call.is_stored:
        kept = {"response": response, "input": call.input, "ready_at_ms": ready_at_ms}
        shelf.put(Kept.RESPONSE, response["id"], kept)
    if call.conversation_id:
        for item in (*call.input, *response["output"]):
            shelf.put(Kept.ITEM, item["id"], item, call.conversation_id)


async def _events(
    call: ResponseCall, response: dict[str, Any], shelf: Shelf, meter: Meter, pause_s: float
) -> AsyncIterator[str]:
    said = ""
    for piece, event in response_events.steps(response):
        await asyncio.sleep(pause_s if piece else 0)
        said += piece
        # What is handed over counts as produced, even if the reader is gone by then.
        meter.completion_tokens = tokens.count(said)
        if event["type"] == f"response.{response['status']}":
            meter.completion_tokens = call.output_tokens
            _keep(call, response, shelf)
        yield sse.named(event)


ROUTES: Final = (
    Route("/v1/responses", create, methods=["POST"]),
    Route("/v1/responses/{response}", retrieve, methods=["GET"]),
    Route("/v1/responses/{response}", delete, methods=["DELETE"]),
    Route("/v1/responses/{response}/cancel", cancel, methods=["POST"]),
    Route("/v1/responses/{response}/input_items", input_items, methods=["GET"]),
)
